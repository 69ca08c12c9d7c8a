"""Defects that were found in an image, or marked by the user, as boxes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

UNNAMED = "defect"


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of the original image.

    Attributes
    ----------
    x1, y1, x2, y2 : float
        Left, top, right and bottom edge; (0, 0) is the outer corner of the first pixel.
    label : str
        The kind of the defect.
    """

    x1: float
    y1: float
    x2: float
    y2: float
    label: str = UNNAMED


def box_of(corners: Iterable[float], label: str = UNNAMED) -> Box:
    """Return the box with these corners: left, top, right, bottom."""
    x1, y1, x2, y2 = (float(value) for value in corners)
    return Box(x1, y1, x2, y2, label)


@dataclass(frozen=True, slots=True)
class Detection:
    """A defect that was found in an image.

    Attributes
    ----------
    box : Box
        With whole pixels as edges.
    score : float
        Above 0 and below 1; a defect just at the threshold has 0.5.
    area : int
        Of the defect itself, without the margin of its box, in pixels of the original.
    """

    box: Box
    score: float
    area: int
