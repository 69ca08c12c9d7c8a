"""An error of a detector."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from defect_workbench.core.images.detections import Box


class ErrorKind(StrEnum):
    """What is wrong."""

    MISSED = "missed"
    INVENTED = "invented"
    WRONG_KIND = "wrong kind"


@dataclass(frozen=True, slots=True)
class DetectionError:
    """One error.

    Attributes
    ----------
    box : Box
        Where it is: the marked box, or that of an invented defect.
    found : str
        The label that the detector gave; empty if it missed the defect.
    marked : str
        The label that people gave; empty if there is no defect.
    score : float or None
        Of the detection, if there is one.
    """

    kind: ErrorKind
    box: Box
    found: str
    marked: str
    score: float | None
