"""A defect map as a translucent picture, to be drawn over its image."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QImage

from defect_workbench.core.arrays import Pixels
from defect_workbench.core.images.defect_maps import LEVELS

# Orange is seen on grey images, by people with any colour vision, in both themes.
_COLOUR = (255, 140, 0)
_MOST_OPAQUE = 190


def map_overlay(grid: Pixels) -> QImage:
    """Return a map in orange: opaque at its strangest place, transparent where it is as usual or less.

    The opacity is relative to the image's own median and maximum, as the question is where, not how much; but
    a place that is hardly stranger than the median stays faint, so that clean images do not light up.

    Parameters
    ----------
    grid : (height, width) uint8
        From `DefectMaps.grids`.
    """
    values = grid.astype(np.float32)
    low, high = float(np.median(values)), float(values.max())
    shares = np.clip((values - low) / max(high - low, LEVELS), 0, 1) ** 1.5
    pixels = np.empty((*grid.shape, 4), np.uint8)
    pixels[..., :3] = _COLOUR
    pixels[..., 3] = np.rint(shares * _MOST_OPAQUE)
    height, width = grid.shape
    # A copy, as the array does not outlive this function.
    return QImage(pixels.tobytes(), width, height, 4 * width, QImage.Format.Format_RGBA8888).copy()
