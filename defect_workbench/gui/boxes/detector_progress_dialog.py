"""Shows how the training of a detector is going, while it runs."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from defect_workbench.app.jobs.detector_training_job import TrainingPoint
from defect_workbench.app.jobs.runner import JobRunner, Progress
from defect_workbench.gui.boxes.detector_curves import DetectorCurves
from defect_workbench.gui.shared.banners import describe
from defect_workbench.gui.shared.labels import heading_label, secondary_label

_MEANING = (
    "The loss is a mean over about 100 crops. Images that the detector is not trained on are searched ten "
    "times during the training, which ends early if the results no longer improve."
)


class DetectorProgressDialog(QDialog):
    """The curves of the running training and the time left. It closes when the training ends.

    Signals: hidden_by_user when the user closes it before, and the training continues; ended.
    """

    hidden_by_user = Signal()
    ended = Signal()

    def __init__(self, jobs: JobRunner, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("detectorProgressDialog")
        self.setWindowTitle("Training the detector")
        self.setMinimumWidth(76 * self.fontMetrics().averageCharWidth() + 120)
        self.state = heading_label("Starting…")
        self.state.setObjectName("detectorProgress")
        self.state.setWordWrap(True)
        self.curves = DetectorCurves()
        buttons = QDialogButtonBox()
        reject, action = QDialogButtonBox.ButtonRole.RejectRole, QDialogButtonBox.ButtonRole.ActionRole
        self.cancel_button = buttons.addButton("Cancel training", action)
        self.cancel_button.setToolTip("What it has learned is kept, and the training can be continued later")
        self.hide_button = buttons.addButton("Continue in the background", reject)
        # Enter must not end it.
        self.cancel_button.setAutoDefault(False)
        self.hide_button.setDefault(True)
        self.hide_button.setFocus()
        layout = QVBoxLayout(self)
        layout.setSpacing(12)
        layout.addWidget(self.state)
        layout.addWidget(self.curves)
        layout.addWidget(secondary_label(_MEANING))
        layout.addWidget(buttons)
        self._ended = False
        self.cancel_button.clicked.connect(jobs.cancel)
        buttons.rejected.connect(self.reject)
        self.rejected.connect(self._on_rejected)
        jobs.progress.connect(self._on_progress)
        jobs.partial.connect(self._on_partial)
        jobs.busy_changed.connect(self._on_busy)

    def _on_progress(self, progress: Progress) -> None:
        self.state.setText(describe(progress))

    def _on_partial(self, value: object) -> None:
        if isinstance(value, TrainingPoint):
            self.curves.add_point(value.point)

    def _on_busy(self, busy: bool) -> None:
        if not busy:
            self._ended = True
            self.ended.emit()
            self.close()
            self.deleteLater()

    def _on_rejected(self) -> None:
        if not self._ended:
            self.hidden_by_user.emit()
