"""The state of a training of a detector, from which it can be continued."""

from __future__ import annotations

from dataclasses import dataclass, field

from defect_workbench.core.detector.trained_detector import CurvePoint, Tensors


@dataclass(eq=False)
class TrainingState:
    """All that the rest of a training depends on.

    Attributes
    ----------
    step : int
        Steps that are done.
    seconds : float
        Spent so far.
    curve : tuple of CurvePoint
    loss, losses : float, int
        Sum and number of the losses since the last point of the curve.
    without_gain : int
        Evaluations since the best one.
    tensors : mapping of str to ndarray
        Parameters, their running means, the moments of the optimiser, and the best network so far.
    """

    step: int = 0
    seconds: float = 0.0
    curve: tuple[CurvePoint, ...] = ()
    loss: float = 0.0
    losses: int = 0
    without_gain: int = 0
    tensors: Tensors = field(default_factory=dict)
