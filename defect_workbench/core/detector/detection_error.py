"""An error of a detector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from defect_workbench.core.images.detections import Box


class ErrorKind(StrEnum):
    """A kind of detector error: missed, false or of the wrong kind."""

    MISSED = "missed"
    INVENTED = "invented"
    WRONG_KIND = "wrong kind"


# As files and the window draw them. Distinct with any colour vision: missed defects are blue, false
# detections orange.
ERROR_COLOURS: Mapping[ErrorKind, str] = MappingProxyType(
    {ErrorKind.MISSED: "#33BBEE", ErrorKind.INVENTED: "#EE7733", ErrorKind.WRONG_KIND: "#EE3377"}
)
ERROR_NAMES: Mapping[ErrorKind, str] = MappingProxyType(
    {ErrorKind.MISSED: "missed", ErrorKind.INVENTED: "false", ErrorKind.WRONG_KIND: "wrong kind"}
)


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

    @property
    def caption(self) -> str:
        """The error as it is written beside the box."""
        if self.kind is ErrorKind.WRONG_KIND:
            return f"{self.found} instead of {self.marked}"
        name = ERROR_NAMES[self.kind]
        if self.kind is ErrorKind.MISSED:
            return f"{name}: {self.marked}"
        return f"{name}: {self.found} {self.score or 0:.2f}"
