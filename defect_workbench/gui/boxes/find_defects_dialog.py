"""Asks how the defects of the open images are found."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from defect_workbench.core.text import counted
from defect_workbench.gui.boxes.detector_choice import DetectorChoice
from defect_workbench.gui.shared.labels import secondary_label
from defect_workbench.workflows.detection.search_project import SearchRequest


class FindDefectsDialog(QDialog):
    """Asks for a detector and golden references. Signals: chosen(SearchRequest) if the user agrees.

    Parameters
    ----------
    checked : int
        Number of images whose boxes the user has checked.
    earlier : SearchRequest
        What was chosen last.
    """

    chosen = Signal(object)

    def __init__(self, images: int, checked: int, earlier: SearchRequest, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("findDefectsDialog")
        self.setWindowTitle("Find defects")
        self.setMinimumWidth(58 * self.fontMetrics().averageCharWidth() + 160)
        self.choice = DetectorChoice(earlier, self)
        words = f"{counted(images, 'image')} will be searched."
        if checked:
            words += f" The boxes of {counted(checked, 'image')} that you have corrected stay as they are."
        note = secondary_label(words)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.find_button = self.buttons.addButton("Find", QDialogButtonBox.ButtonRole.AcceptRole)
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setSpacing(12)
        layout.addWidget(self.choice)
        layout.addWidget(note)
        layout.addWidget(self.buttons)
        self.choice.changed.connect(self._enable)
        self._enable()

    def _enable(self) -> None:
        self.find_button.setEnabled(self.choice.complete)

    def _accept(self) -> None:
        if not self.choice.problem():
            self.accept()
            self.chosen.emit(self.choice.request())
