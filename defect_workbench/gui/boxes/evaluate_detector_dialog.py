"""Asks for what the defects that a detector finds are compared with."""

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

from defect_workbench.gui.boxes.detector_choice import DetectorChoice
from defect_workbench.gui.dialogs.file_dialogs import ask_folder
from defect_workbench.gui.shared.labels import secondary_label
from defect_workbench.gui.shared.path_row import path_row
from defect_workbench.storage.boxes.box_folder import AUTO
from defect_workbench.storage.boxes.formats.registry import BOX_FORMATS
from defect_workbench.workflows.detection.compare_with_boxes import BoxComparison


class EvaluateDetectorDialog(QDialog):
    """Asks for a detector and a folder of box files. Signals: chosen(BoxComparison) if the user agrees.

    Parameters
    ----------
    earlier : BoxComparison
        What was chosen last; the folder `.` stands for none.
    """

    chosen = Signal(object)

    def __init__(self, earlier: BoxComparison, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("evaluateDetectorDialog")
        self.setWindowTitle("Evaluate a detector")
        self.setMinimumWidth(58 * self.fontMetrics().averageCharWidth() + 160)
        self.choice = DetectorChoice(earlier.search, self)
        self.folder = QLineEdit("" if earlier.boxes == Path() else str(earlier.boxes))
        place = path_row(
            self.folder,
            "Choose the folder of boxes",
            lambda: ask_folder(self, "Folder of boxes", lambda path: self.folder.setText(str(path))),
        )
        self.format = QComboBox()
        self.format.addItem("Recognised from the files", AUTO)
        for entry in BOX_FORMATS:
            self.format.addItem(entry.label, entry.name)
        self.format.setCurrentIndex(max(0, self.format.findData(earlier.format)))
        form = QFormLayout()
        label = QLabel("&Boxes drawn by people")
        label.setBuddy(self.folder)
        form.addRow(label, place)
        form.addRow("&Format", self.format)
        note = secondary_label(
            "Only images with a box file are searched. Use images that the detector was not trained on: on "
            "others, its figures are too good. Your own boxes stay as they are."
        )
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.evaluate_button = self.buttons.addButton("Evaluate", QDialogButtonBox.ButtonRole.AcceptRole)
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setSpacing(12)
        layout.addWidget(self.choice)
        layout.addLayout(form)
        layout.addWidget(note)
        layout.addWidget(self.buttons)
        self.choice.changed.connect(self._enable)
        self.folder.textChanged.connect(self._enable)
        self._enable()

    def _enable(self) -> None:
        self.evaluate_button.setEnabled(self.choice.complete and bool(self.folder.text().strip()))

    def _accept(self) -> None:
        if self.choice.problem():
            return
        self.accept()
        folder = Path(self.folder.text().strip()).expanduser()
        self.chosen.emit(BoxComparison(folder, self.choice.request(), self.format.currentData()))
