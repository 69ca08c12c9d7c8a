"""Asks which folder to watch."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from defect_workbench.gui.dialogs.file_dialogs import ask_classifier, ask_folder
from defect_workbench.gui.shared.labels import secondary_label
from defect_workbench.gui.shared.path_row import path_row
from defect_workbench.workflows.fab.watch_folder import DEFAULT_INTERVAL, LEAST_INTERVAL, WatchRequest

_NOTE = (
    "New images are classified and added to the result, not to the open project. The result folder must be "
    "new or empty, or the result of watching the same folder with the same classifier, which is then "
    "continued."
)


class WatchSetupDialog(QDialog):
    """Asks for folder, result and classifier. Signals: chosen(WatchRequest) if the user agrees.

    Parameters
    ----------
    earlier : WatchRequest or None
        What was chosen last.
    model : Path or None
        The file of the open classifier.
    unsaved : bool
        Whether the open classifier is in no file yet.
    """

    chosen = Signal(object)

    def __init__(
        self, earlier: WatchRequest | None, model: Path | None, unsaved: bool, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setObjectName("watchSetupDialog")
        self.setWindowTitle("Watch a folder")
        self.setMinimumWidth(58 * self.fontMetrics().averageCharWidth() + 160)
        self.folder, self.out, self.model = QLineEdit(), QLineEdit(), QLineEdit()
        self._suggested = ""
        self.interval = QDoubleSpinBox()
        self.interval.setRange(LEAST_INTERVAL, 3600)
        self.interval.setDecimals(1)
        self.interval.setValue(DEFAULT_INTERVAL)
        self.interval.setPrefix("every ")
        self.interval.setSuffix("\u202fs")
        self.interval.setToolTip("A file is read once its size and time have not changed for two intervals")
        form = QFormLayout()
        for text, field, name, choose in (
            ("&Folder to watch", self.folder, "Choose the folder to watch", self._choose_folder),
            ("&Result folder", self.out, "Choose the result folder", self._choose_out),
            ("&Classifier", self.model, "Choose the classifier", self._choose_model),
        ):
            label = QLabel(text)
            label.setBuddy(field)
            form.addRow(label, path_row(field, name, choose))
            field.textChanged.connect(self._enable)
        label = QLabel("&Look")
        label.setBuddy(self.interval)
        form.addRow(label, self.interval)
        words = _NOTE
        if unsaved:
            words += " The classifier that is open must be saved first: a result is continued with its file."
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.watch_button = self.buttons.addButton("Watch", QDialogButtonBox.ButtonRole.AcceptRole)
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setSpacing(12)
        layout.addLayout(form)
        layout.addWidget(secondary_label(words))
        layout.addWidget(self.buttons)
        self.folder.textChanged.connect(self._suggest)
        if earlier is not None:
            self.folder.setText(str(earlier.folder))
            self.out.setText(str(earlier.out))
            self.model.setText(str(earlier.model))
            self.interval.setValue(earlier.interval)
        if model is not None:
            self.model.setText(str(model))
        self._enable()

    def _choose_folder(self) -> None:
        ask_folder(self, "Folder to watch", lambda path: self.folder.setText(str(path)))

    def _choose_out(self) -> None:
        ask_folder(self, "Result folder", lambda path: self.out.setText(str(path)))

    def _choose_model(self) -> None:
        ask_classifier(self, lambda path: self.model.setText(str(path)))

    def _suggest(self) -> None:
        """Suggest a result beside the folder, as long as the user has not chosen another one."""
        text = self.folder.text().strip()
        if self.out.text() in ("", self._suggested) and text:
            path = Path(text).expanduser()
            self._suggested = str(path.with_name(f"{path.name}-classified")) if path.name else ""
            self.out.setText(self._suggested)

    def _enable(self) -> None:
        complete = all(field.text().strip() for field in (self.folder, self.out, self.model))
        self.watch_button.setEnabled(complete)

    def _accept(self) -> None:
        folder, out, model = (
            Path(field.text().strip()).expanduser() for field in (self.folder, self.out, self.model)
        )
        self.accept()
        self.chosen.emit(WatchRequest(folder, model, out, self.interval.value()))
