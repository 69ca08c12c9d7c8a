"""The curves of the training of a detector."""

from __future__ import annotations

from dataclasses import dataclass

from defect_workbench.core.detector.trained_detector import CurvePoint
from defect_workbench.gui.classifier.training_curves import Curves


@dataclass(frozen=True)
class _Step:
    """A point of the curves."""

    epoch: float
    loss: float
    accuracy: float
    head: str = ""


class DetectorCurves(Curves):
    """The loss, and the average precision on held-out images."""

    def __init__(self) -> None:
        super().__init__(titles=("Loss in training", "Average precision on held-out images"))

    def add_point(self, point: CurvePoint) -> None:
        """Add a point; its average precision is NaN if it was not measured there."""
        self.add(_Step(point.epoch, point.loss, point.ap50))
