"""Drawing of many points into an image, and which of them are inside a polygon."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF

from defect_workbench.core.arrays import Flags, Floats

_LASSO_CORNERS = 120


def stamp(
    pixels: NDArray[np.uint32], places: NDArray[np.int64], radius: int, colours: NDArray[np.uint32]
) -> None:
    """Write filled discs, later ones over earlier ones.

    Parameters
    ----------
    pixels : (height, width) uint32
        Contiguous; changed in place.
    places : (n, 2) int64
        Column and row of the centres, which may be outside.
    colours : (n,) uint32
    """
    height, width = pixels.shape
    flat = pixels.reshape(-1)
    x, y = places[:, 0], places[:, 1]
    near = (x >= -radius) & (x < width + radius) & (y >= -radius) & (y < height + radius)
    if not near.all():
        x, y, colours = x[near], y[near], colours[near]
    whole = (x >= radius) & (x < width - radius) & (y >= radius) & (y < height - radius)
    all_whole = bool(whole.all())
    base = y * width + x
    for dy in range(-radius, radius + 1):
        for dx in range(-radius, radius + 1):
            if dx * dx + dy * dy > radius * radius + 1:
                continue
            if all_whole:
                flat[base + (dy * width + dx)] = colours
                continue
            visible = whole | ((x >= -dx) & (x < width - dx) & (y >= -dy) & (y < height - dy))
            flat[base[visible] + (dy * width + dx)] = colours[visible]


def inside(places: Floats, corners: Sequence[QPointF]) -> Flags:
    """Return (n,) which points are inside a polygon, by the even-odd rule."""
    step = max(1, len(corners) // _LASSO_CORNERS)
    polygon = np.array([(corner.x(), corner.y()) for corner in corners[::step]])
    result = np.zeros(len(places), bool)
    x, y = places[:, 0], places[:, 1]
    for (x0, y0), (x1, y1) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        if y0 != y1:
            crosses = (y0 > y) != (y1 > y)
            result ^= crosses & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
    return result
