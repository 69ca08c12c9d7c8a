"""Defects in the images of a project: found by a detector, and corrected by people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from defect_workbench.core.arrays import Flags, Floats, Integers
from defect_workbench.core.images.detections import Box, Detection

# A person is certain of what they drew.
_DRAWN = 1.0


@dataclass(frozen=True, eq=False)
class FoundDefects:
    """The defects of each image.

    Attributes
    ----------
    of : tuple of (tuple of Detection) or None
        Per image; None where no search was made.
    checked : (n,) bool
        Images on whose boxes the user has agreed: all defects are marked.
    source : str
        What found them, in words.
    corrected : (n,) bool, optional
        Images with boxes that the user has changed; a further search leaves them as they are.
    reference : str, optional
        The folder of golden references that the classical finder compared with, empty if it had none. None if
        a trained detector searched, or an earlier version that did not keep it.
    """

    of: tuple[tuple[Detection, ...] | None, ...]
    checked: Flags
    source: str = ""
    corrected: Flags | None = None
    reference: str | None = None

    def __post_init__(self) -> None:
        if len(self.of) != len(self.checked):
            raise ValueError("defects and images differ in number")

    @cached_property
    def counts(self) -> Floats:
        """Number of defects of each image, (n,) float64; NaN where no search was made."""
        return np.array([np.nan if found is None else len(found) for found in self.of], np.float64)

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The labels of all defects, in alphabetical order."""
        return tuple(sorted({each.box.label for found in self.of for each in found or ()}))

    @cached_property
    def least_sure(self) -> Floats:
        """Distance of each image's least certain defect from the threshold, (n,) float64 from 0 to 1.

        1 where there is no defect or the user has checked the boxes.
        """
        scores = [min((abs(each.score - 0.5) for each in found or ()), default=0.5) for found in self.of]
        return np.where(self.checked, 1.0, 2 * np.asarray(scores, np.float64))

    @property
    def touched(self) -> Flags:
        """Images whose boxes the user has changed or agreed with, (n,) bool."""
        return self.checked if self.corrected is None else self.checked | self.corrected

    def with_boxes(self, image: int, boxes: Sequence[Detection], *, agreed: bool = False) -> FoundDefects:
        """Return the defects after the user has changed those of an image, or agreed with them."""
        of, checked, corrected = list(self.of), self.checked.copy(), self.touched.copy()
        of[image], corrected[image] = tuple(boxes), True
        checked[image] |= agreed
        return replace(self, of=tuple(of), checked=checked, corrected=corrected)

    def joined_by(self, found: FoundDefects) -> FoundDefects:
        """Return the defects after a further search: what people changed or checked stays as it is."""
        of = tuple(
            old if kept else new for old, new, kept in zip(self.of, found.of, self.touched, strict=True)
        )
        return replace(found, of=of, checked=self.checked, corrected=self.touched)


def carried_defects(found: FoundDefects | None, before: Integers) -> FoundDefects | None:
    """Return the defects of a set to which images were added; these were not searched.

    Parameters
    ----------
    before : (n,) intp
        For each image of the new set its index in the earlier one; −1 for a new image.
    """
    if found is None:
        return None
    of = tuple(found.of[index] if index >= 0 else None for index in before.tolist())
    flags = (found.checked, found.touched)
    checked, corrected = (np.where(before >= 0, each[before], False) for each in flags)
    return replace(found, of=of, checked=checked, corrected=corrected)


def drawn(box: Box) -> Detection:
    """Return the defect that the user drew."""
    return Detection(box, _DRAWN, round((box.x2 - box.x1) * (box.y2 - box.y1)))
