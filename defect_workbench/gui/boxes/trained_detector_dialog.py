"""Shows how good a detector is that was just trained, and how the training went."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QLabel, QVBoxLayout, QWidget

from defect_workbench.app.jobs.detector_training_job import DetectorTrained
from defect_workbench.core.text import counted, duration
from defect_workbench.gui.boxes.detector_curves import DetectorCurves
from defect_workbench.gui.boxes.detector_figures import figure_lines, headline
from defect_workbench.gui.shared.labels import heading_label, secondary_label

_FEW = 20


class TrainedDetectorDialog(QDialog):
    """The figures of a detector on held-out images, and its curves. Signals: find_wanted to use it now."""

    find_wanted = Signal()

    def __init__(self, done: DetectorTrained, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("trainedDetectorDialog")
        self.setWindowTitle("Trained detector")
        self.setMinimumWidth(76 * self.fontMetrics().averageCharWidth() + 120)
        facts = done.trained.detector.facts
        unknown = (
            "The detector is trained. No held-out image has a defect, so its quality could not be measured."
        )
        head = heading_label(headline(facts.figures) or unknown)
        head.setObjectName("detectorHeadline")
        head.setWordWrap(True)
        figures = QGridLayout()
        figures.setHorizontalSpacing(16)
        figures.setVerticalSpacing(4)
        figures.setColumnStretch(1, 1)
        for row, (_, value, words) in enumerate(figure_lines(facts.figures, by_label=True)):
            number = heading_label(value)
            number.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
            text = QLabel(words)
            text.setWordWrap(True)
            figures.addWidget(number, row, 0)
            figures.addWidget(text, row, 1)
        self.curves = DetectorCurves()
        for point in facts.curve:
            self.curves.add_point(point)
        self.about = secondary_label(_about(done))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.find_button = buttons.addButton("&Find defects with it", QDialogButtonBox.ButtonRole.AcceptRole)
        self.find_button.setDefault(True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.accepted.connect(self.find_wanted)
        layout = QVBoxLayout(self)
        layout.setSpacing(12)
        layout.addWidget(head)
        layout.addLayout(figures)
        layout.addWidget(secondary_label(_meaning(facts.held_out)))
        layout.addWidget(self.curves)
        layout.addWidget(self.about)
        layout.addWidget(buttons)


def _meaning(held_out: int) -> str:
    words = (
        f"Measured on {counted(held_out, 'image')} that it was not trained on. They also chose its "
        "threshold, so the figures are slightly optimistic"
    )
    few = "; with so few images, they are also rough" if held_out < _FEW else ""
    return f"{words}{few}. Check more images and train again to improve it."


def _about(done: DetectorTrained) -> str:
    settings, facts = done.trained.detector.settings, done.trained.detector.facts
    boxes = counted(sum(facts.boxes.values()), "defect")
    kinds = counted(len(facts.boxes), "kind")
    lines = [
        f"Trained on {counted(facts.images, 'image')}; with the held-out ones, they have {boxes} of {kinds}.",
        f"Each image was seen {facts.epochs:.3g} times in {duration(facts.seconds)}.",
    ]
    if done.trained.rejected:
        lines.append(f"{counted(done.trained.rejected, 'checked image')} could not be used.")
    lines.append(f"Saved to {done.options.out}.")
    if settings.with_references:
        lines.append("It needs golden references.")
    return " ".join(lines)
