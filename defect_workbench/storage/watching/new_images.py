"""Images that are added to a growing result, and what an addition changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from defect_workbench.core.monitoring import Arrival, LevelAlarm


class Monitor(Protocol):
    """Watches the levels of the images of a result."""

    def add(self, arrival: Arrival) -> list[LevelAlarm]:
        """Count an image; return the alarms it raises."""


@dataclass(frozen=True)
class NewImage:
    """A classified file.

    Attributes
    ----------
    label : int
        The most probable label, an index into those of the classifier.
    score : float
        Outlier score: above 1 the image is unknown.
    """

    path: str
    size: int
    mtime_ns: int
    sha256: str
    label: int
    known: bool
    score: float
    stage_path: str
    probability: float


@dataclass(frozen=True)
class Committed:
    """What an addition changed.

    Attributes
    ----------
    images : tuple of (str, str)
        Label and place in the result of each new row.
    replaced : tuple of str
        Files that had a row already and have other content now.
    unchanged : tuple of str
        Files that have a row with this content.
    changed : tuple of str
        Files that changed after they were classified; nothing of them was written.
    """

    images: tuple[tuple[str, str], ...] = ()
    replaced: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    alarms: tuple[LevelAlarm, ...] = ()
