"""Asks how the defects of the open images are found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from defect_workbench.core.text import counted
from defect_workbench.gui.dialogs import file_dialogs
from defect_workbench.gui.shared.labels import secondary_label
from defect_workbench.workflows.detection.search_project import SearchRequest


class FindDefectsDialog(QDialog):
    """Asks for a detector and golden references. Signals: chosen(SearchRequest) if the user agrees.

    Parameters
    ----------
    checked : int
        Number of images whose boxes a person has checked.
    earlier : SearchRequest
        What was chosen last.
    """

    chosen = Signal(object)

    def __init__(self, images: int, checked: int, earlier: SearchRequest, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("findDefectsDialog")
        self.setWindowTitle("Find defects")
        self.setMinimumWidth(58 * self.fontMetrics().averageCharWidth() + 160)
        self.classical = QRadioButton("&Without training: whatever deviates from the background")
        self.trained = QRadioButton("With a &trained detector:")
        self.model = QLineEdit("" if earlier.model is None else str(earlier.model))
        self.model.setAccessibleName("File of the detector")
        self.model.setPlaceholderText("A file of train-detector (.dwd)")
        self.reference = QLineEdit("" if earlier.reference is None else str(earlier.reference))
        self.reference.setAccessibleName("Folder of golden references")
        self.reference.setPlaceholderText("None")
        (self.trained if earlier.model is not None else self.classical).setChecked(True)
        browse_model = self._browse(
            "Choose…", lambda: file_dialogs.ask_detector(self, lambda path: self._set_model(path))
        )
        browse_reference = self._browse(
            "Choose…",
            lambda: file_dialogs.ask_image_folder(
                self, "Folder of golden references", lambda path: self.reference.setText(str(path))
            ),
        )
        browse_reference.setAccessibleName("Choose the folder of golden references")
        browse_model.setAccessibleName("Choose the file of the detector")
        rows = QGridLayout()
        rows.setColumnStretch(1, 1)
        rows.addWidget(self.classical, 0, 0, 1, 3)
        rows.addWidget(self.trained, 1, 0)
        rows.addWidget(self.model, 1, 1)
        rows.addWidget(browse_model, 1, 2)
        references = QHBoxLayout()
        label = secondary_label("Golden references: defect-free images with the same names")
        references.addWidget(self.reference, 1)
        references.addWidget(browse_reference)
        words = f"{counted(images, 'image')} will be searched."
        if checked:
            words += f" The boxes of {counted(checked, 'image')} that you have checked stay as they are."
        note = secondary_label(words)
        note.setWordWrap(True)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.find_button = self.buttons.addButton("Find", QDialogButtonBox.ButtonRole.AcceptRole)
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setSpacing(12)
        layout.addLayout(rows)
        layout.addWidget(label)
        layout.addLayout(references)
        layout.addWidget(note)
        layout.addWidget(self.buttons)
        self.trained.toggled.connect(self._enable)
        self.model.textChanged.connect(self._enable)
        self._enable()

    def _browse(self, text: str, slot: Callable[[], None]) -> QPushButton:
        button = QPushButton(text)
        button.setAutoDefault(False)
        button.clicked.connect(slot)
        return button

    def _set_model(self, path: Path) -> None:
        self.trained.setChecked(True)
        self.model.setText(str(path))

    def _enable(self) -> None:
        self.model.setEnabled(self.trained.isChecked())
        self.find_button.setEnabled(not self.trained.isChecked() or bool(self.model.text().strip()))

    def _accept(self) -> None:
        model, reference = self.model.text().strip(), self.reference.text().strip()
        self.accept()
        self.chosen.emit(
            SearchRequest(
                Path(reference).expanduser() if reference else None,
                Path(model).expanduser() if model and self.trained.isChecked() else None,
            )
        )
