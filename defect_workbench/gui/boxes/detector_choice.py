"""The choice between the classical finder and a trained detector, and of golden references."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QGridLayout,
    QLabel,
    QLineEdit,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from defect_workbench.gui.dialogs import file_dialogs
from defect_workbench.gui.shared.labels import secondary_label
from defect_workbench.gui.shared.path_row import choose_button, path_row
from defect_workbench.workflows.detection.search_project import SearchRequest


class DetectorChoice(QWidget):
    """What finds defects. Signals: changed.

    Parameters
    ----------
    earlier : SearchRequest
        What was chosen last.
    """

    changed = Signal()

    def __init__(self, earlier: SearchRequest, parent: QWidget) -> None:
        super().__init__(parent)
        self.classical = QRadioButton("&Without training: whatever deviates from the background")
        self.trained = QRadioButton("With a &trained detector:")
        self.model = QLineEdit("" if earlier.model is None else str(earlier.model))
        self.model.setAccessibleName("Detector file")
        self.model.setPlaceholderText("A file of train-detector (.dwd)")
        self.reference = QLineEdit("" if earlier.reference is None else str(earlier.reference))
        self.reference.setAccessibleName("Folder of golden references")
        self.reference.setPlaceholderText("None")
        (self.trained if earlier.model is not None else self.classical).setChecked(True)
        browse_model = choose_button(
            "Choose the detector file", lambda: file_dialogs.ask_detector(self, self._set_model)
        )
        references = path_row(
            self.reference,
            "Choose the folder of golden references",
            lambda: file_dialogs.ask_image_folder(
                self, "Folder of golden references", lambda path: self.reference.setText(str(path))
            ),
        )
        rows = QGridLayout()
        rows.setColumnStretch(1, 1)
        rows.addWidget(self.classical, 0, 0, 1, 3)
        rows.addWidget(self.trained, 1, 0)
        rows.addWidget(self.model, 1, 1)
        rows.addWidget(browse_model, 1, 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(12)
        layout.addLayout(rows)
        layout.addWidget(secondary_label("Golden references: defect-free images with the same names"))
        layout.addLayout(references)
        self.warning = QLabel()
        self.warning.setProperty("error", True)
        self.warning.setWordWrap(True)
        self.warning.hide()
        layout.addWidget(self.warning)
        self.trained.toggled.connect(self._show_state)
        self.model.textChanged.connect(self._show_state)
        self._show_state()

    @property
    def complete(self) -> bool:
        """Whether a detector is chosen."""
        return not self.trained.isChecked() or bool(self.model.text().strip())

    def problem(self) -> str:
        """Return what cannot be used, and show it; empty if all is well."""
        request = self.request()
        words = ""
        if request.model is not None and not request.model.is_file():
            words = f"There is no file {request.model}."
        elif request.reference is not None and not request.reference.is_dir():
            words = f"There is no folder {request.reference}."
        self.warning.setText(words)
        self.warning.setVisible(bool(words))
        return words

    def request(self) -> SearchRequest:
        """Return what is chosen."""
        model, reference = self.model.text().strip(), self.reference.text().strip()
        return SearchRequest(
            Path(reference).expanduser() if reference else None,
            Path(model).expanduser() if model and self.trained.isChecked() else None,
        )

    def _set_model(self, path: Path) -> None:
        self.trained.setChecked(True)
        self.model.setText(str(path))

    def _show_state(self) -> None:
        self.model.setEnabled(self.trained.isChecked())
        self.changed.emit()
