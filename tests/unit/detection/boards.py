"""Generated boards with defects at known places, and their golden references."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from defect_workbench.core.arrays import Floats, Pixels
from defect_workbench.core.images.detections import Box

SIDE = 256


@dataclass(frozen=True, eq=False)
class Board:
    """An image, its golden reference, and tight boxes of its defects."""

    image: Pixels
    reference: Pixels
    boxes: tuple[Box, ...]


def board(
    places: Sequence[tuple[int, int]] = (),
    *,
    seed: int = 0,
    radius: int = 6,
    strength: float = 90.0,
    noise: float = 3.0,
    shift: tuple[float, float] = (0.0, 0.0),
    gain: float = 1.0,
    layout: bool = True,
) -> Board:
    """Return a board with a disc of `radius` at each (row, column); the reference is shifted by `shift`."""
    rng = np.random.default_rng(seed)
    clean = np.full((SIDE, SIDE), 70.0)
    if layout:
        for left in range(20, SIDE, 48):
            clean[:, left : left + 14] = 160
        clean[100:118, 20:200] = 160
    rows, columns = np.mgrid[:SIDE, :SIDE]
    image = clean.copy()
    boxes = []
    for row, column in places:
        disc = np.hypot(rows - row, columns - column) <= radius
        image[disc] += np.where(image[disc] > 115, -strength, strength)
        boxes.append(Box(column - radius, row - radius, column + radius + 1, row + radius + 1))
    blurred, golden = (ndimage.gaussian_filter(plane, 0.8) for plane in (image, clean))
    golden = ndimage.shift(golden, shift, order=1, mode="nearest")
    noisy = gain * blurred + 10 + rng.normal(0, noise, image.shape)
    return Board(_levels(noisy), _levels(golden + rng.normal(0, noise, image.shape)), tuple(boxes))


def _levels(plane: Floats) -> Pixels:
    return np.asarray(np.clip(np.rint(plane), 0, 255), np.uint8)
