"""Asks for the format and the folder of box files."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from defect_workbench.core.text import counted
from defect_workbench.gui.dialogs.file_dialogs import ask_folder
from defect_workbench.gui.shared.labels import secondary_label
from defect_workbench.gui.shared.path_row import path_row
from defect_workbench.storage.boxes.formats.registry import BOX_FORMATS


class ExportBoxesDialog(QDialog):
    """Asks where boxes are written. Signals: chosen(Path, str): a new folder, and the name of a format.

    Parameters
    ----------
    boxes, images, unchecked : int
        Boxes, images that were searched, and those of them that are unchecked.
    """

    chosen = Signal(object, str)

    def __init__(self, boxes: int, images: int, unchecked: int, suggestion: Path, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("exportBoxesDialog")
        self.setWindowTitle("Export boxes")
        self.setMinimumWidth(58 * self.fontMetrics().averageCharWidth() + 120)
        self.format = QComboBox()
        self.format.setAccessibleName("Format")
        for entry in BOX_FORMATS:
            self.format.addItem(entry.label, entry.name)
        self.folder = QLineEdit(str(suggestion))
        self.folder.setAccessibleName("New folder")
        place = path_row(
            self.folder,
            "Choose the folder",
            lambda: ask_folder(self, "Folder for the boxes", lambda path: self.folder.setText(str(path))),
        )
        form = QFormLayout()
        form.addRow("&Format", self.format)
        label = QLabel("New f&older")
        label.setBuddy(self.folder)
        form.addRow(label, place)
        words = f"{counted(boxes, 'box')} in {counted(images, 'image')}."
        if unchecked:
            words += f" Those of {counted(unchecked, 'image')} have not been checked."
        note = secondary_label(f"{words} Your images are not copied.")
        note.setWordWrap(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.export = buttons.addButton("Export", QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.accepted.connect(self._accept)
        buttons.rejected.connect(self.reject)
        self.folder.textChanged.connect(lambda text: self.export.setEnabled(bool(text.strip())))
        layout = QVBoxLayout(self)
        layout.setSpacing(12)
        layout.addLayout(form)
        layout.addWidget(note)
        layout.addWidget(buttons)

    def _accept(self) -> None:
        self.accept()
        folder = Path(self.folder.text().strip()).expanduser()
        self.chosen.emit(folder, self.format.currentData())
