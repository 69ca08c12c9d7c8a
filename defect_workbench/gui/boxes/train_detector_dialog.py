"""Asks for what a detector needs to be trained on the checked boxes of the open images."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from defect_workbench.core.text import and_more, counted, sentence_case
from defect_workbench.gui.dialogs import file_dialogs
from defect_workbench.gui.shared.labels import heading_label, secondary_label
from defect_workbench.gui.shared.path_row import choose_button
from defect_workbench.storage.model.detector_file import unfinished_file
from defect_workbench.workflows.detection.marked_sources import NEEDED, CheckedBoxes
from defect_workbench.workflows.detection.train_on_boxes import TrainingOptions

_KINDS = 8
_DURATION = (
    "On the processor, the training takes half an hour to an hour; with a CUDA GPU, less. It runs in the "
    "background and shows the time left. If you cancel it, it can be continued later."
)


class TrainDetectorDialog(QDialog):
    """Asks for the file of the detector and for golden references.

    Signals: chosen(TrainingOptions) if the user agrees; correct_wanted if there are too few checked boxes
    and the user wants to check more.

    Parameters
    ----------
    checked : CheckedBoxes
        What there is to train on.
    suggestion : Path
        A new file for the detector.
    reference : Path or None
        The folder of golden references that was used last.
    """

    chosen = Signal(object)
    correct_wanted = Signal()

    def __init__(
        self, checked: CheckedBoxes, suggestion: Path, reference: Path | None, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setObjectName("trainDetectorDialog")
        self.setWindowTitle("Train a detector")
        self.setMinimumWidth(70 * self.fontMetrics().averageCharWidth() + 120)
        self.about = heading_label(_about(checked))
        self.about.setWordWrap(True)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setSpacing(12)
        layout.addWidget(self.about)
        self.details = secondary_label(_details(checked))
        layout.addWidget(self.details)
        if checked.enough:
            self._ask(layout, suggestion, reference)
        else:
            self._refuse()
        layout.addWidget(self.buttons)
        self._fit()

    def _fit(self) -> None:
        """Leave no empty room around wrapped text."""
        layout = self.layout()
        if layout is not None:
            layout.activate()
            width = max(self.minimumWidth(), layout.minimumSize().width())
            self.resize(width, layout.totalHeightForWidth(width))

    def _refuse(self) -> None:
        correct = self.buttons.addButton("Correct boxes…", QDialogButtonBox.ButtonRole.AcceptRole)
        correct.setObjectName("correctButton")
        self.buttons.accepted.connect(self.accept)
        self.accepted.connect(self.correct_wanted)

    def _ask(self, layout: QVBoxLayout, suggestion: Path, reference: Path | None) -> None:
        self.file = QLineEdit(str(suggestion))
        self.reference = QLineEdit("" if reference is None else str(reference))
        self.reference.setPlaceholderText("None")
        choose_file = choose_button(
            "Choose the detector file",
            lambda: file_dialogs.ask_detector_to_write(
                self, self._path() or suggestion, lambda path: self.file.setText(str(path))
            ),
        )
        choose_reference = choose_button(
            "Choose the folder of golden references",
            lambda: file_dialogs.ask_image_folder(
                self, "Folder of golden references", lambda path: self.reference.setText(str(path))
            ),
        )
        rows = QGridLayout()
        rows.setColumnStretch(1, 1)
        rows.setVerticalSpacing(8)
        for row, text, field, choose in (
            (0, "&File", self.file, choose_file),
            (4, "&Golden references", self.reference, choose_reference),
        ):
            label = QLabel(text)
            label.setBuddy(field)
            rows.addWidget(label, row, 0)
            rows.addWidget(field, row, 1)
            rows.addWidget(choose, row, 2)
        self.problem = QLabel()
        self.problem.setObjectName("trainDetectorProblem")
        self.problem.setWordWrap(True)
        rows.addWidget(self.problem, 1, 1, 1, 2)
        words = "Defect-free images with the same names. A detector trained with them always needs them."
        rows.addWidget(secondary_label(words), 5, 1, 1, 2)
        layout.addLayout(rows)
        self.resume = QRadioButton("&Continue this training")
        self.begin_again = QRadioButton("&Begin again: what it has learned is lost")
        self.resume.setChecked(True)
        rows.addWidget(self.resume, 2, 1, 1, 2)
        rows.addWidget(self.begin_again, 3, 1, 1, 2)
        layout.addWidget(secondary_label(_DURATION))
        order = (self.file, choose_file, self.resume, self.begin_again, self.reference, choose_reference)
        for before, after in pairwise(order):
            self.setTabOrder(before, after)
        self.train_button = self.buttons.addButton("Train", QDialogButtonBox.ButtonRole.AcceptRole)
        self.train_button.setDefault(True)
        self.buttons.accepted.connect(self._accept)
        self.file.textChanged.connect(self._show_state)
        self._show_state()

    def _path(self) -> Path | None:
        """Return the file that is typed, with the suffix of detectors."""
        text = self.file.text().strip()
        if not text:
            return None
        path = Path(text).expanduser()
        return path if path.suffix else path.with_name(f"{path.name}.dwd")

    def _show_state(self) -> None:
        path = self._path()
        exists, unfinished = False, False
        if path is not None:
            try:
                exists, unfinished = path.exists(), unfinished_file(path).exists()
            except (OSError, ValueError):
                path = None
        words = ""
        if exists:
            words = "This file already exists. Choose another name."
        elif unfinished:
            words = "There is an unfinished training of this detector."
        self.problem.setText(words)
        self.problem.setVisible(bool(words))
        for choice in (self.resume, self.begin_again):
            choice.setVisible(unfinished and not exists)
        self.train_button.setEnabled(path is not None and not exists)
        self._fit()

    def _accept(self) -> None:
        path, reference = self._path(), self.reference.text().strip()
        if path is None:
            return
        unfinished = unfinished_file(path).exists()
        self.accept()
        self.chosen.emit(
            TrainingOptions(
                path,
                Path(reference).expanduser() if reference else None,
                resume=unfinished and self.resume.isChecked(),
                begin_again=unfinished and self.begin_again.isChecked(),
            )
        )


def _about(checked: CheckedBoxes) -> str:
    """Return what there is to train on."""
    if not checked.images:
        return "You have not checked the boxes of any image yet."
    words = f"You have checked the boxes of {counted(checked.images, 'image')}"
    if not checked.kinds:
        return f"{words}, and none of them has a defect."
    kinds = [f"{number:,} × {kind}" for kind, number in checked.kinds.items()]
    words += f": {counted(sum(checked.kinds.values()), 'defect')} ({and_more(kinds, _KINDS)})"
    return f"{words}; {checked.clean:,} without a defect." if checked.clean else f"{words}."


def _details(checked: CheckedBoxes) -> str:
    """Return what this means for the training."""
    if not checked.enough:
        return (
            f"{sentence_case(NEEDED)}. Correct the boxes, and agree with those that are right: only "
            "checked images are used, including clean ones."
        )
    lines = ["The detector is trained on these images only, including those without a defect."]
    if checked.unchecked:
        verb = "is" if checked.unchecked == 1 else "are"
        lines.append(f"{counted(checked.unchecked, 'unchecked image')} {verb} not used.")
    if checked.rare:
        lines.append(f"Too few boxes to learn reliably: {and_more(checked.rare, _KINDS)}.")
    return " ".join(lines)
