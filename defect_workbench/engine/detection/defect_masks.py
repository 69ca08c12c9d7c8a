"""The outlines of the defects that the classical finder finds in an image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from defect_workbench.core.arrays import Pixels, Vectors
from defect_workbench.core.images.detections import Box
from defect_workbench.engine.detection.finder import find_described
from defect_workbench.engine.measurement.outlines import outline_lines


@dataclass(frozen=True, eq=False)
class DefectMask:
    """The outline of a defect.

    Attributes
    ----------
    box : Box
        As the finder returns it.
    lines : (m, 4) float32
        x1, y1, x2, y2 of each line around the mask, in pixels of the image.
    """

    box: Box
    lines: Vectors


def defect_masks(pixels: Pixels, reference: Pixels | None = None) -> tuple[DefectMask, ...]:
    """Return the outlines of the defects of an image, from top to bottom.

    Parameters
    ----------
    pixels, reference : uint8 arrays
        As for `find_defects`.
    """
    return tuple(
        DefectMask(
            each.detection.box,
            ((outline_lines(each.mask) + np.array([each.left, each.top] * 2)) * each.step).astype(np.float32),
        )
        for each in find_described(pixels, reference)
    )
