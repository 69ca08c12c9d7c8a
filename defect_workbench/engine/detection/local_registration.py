"""Registration of a golden reference to an image that is distorted by a few pixels.

Scans stretch, stages drift and boards are placed at an angle, so one shift for the whole field of view leaves
edges a pixel or more apart. The remaining shift is therefore estimated per tile, coarse to fine.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from defect_workbench.core.arrays import Flags, Floats
from defect_workbench.engine.defect_map.alignment import shift_between
from defect_workbench.engine.preprocessing.background import Plane, enlarged, median_and_spread
from defect_workbench.engine.preprocessing.periodic_pattern import reduced

# Reach in cells and side of a tile in cells; first on half as many pixels, then on all of them.
_COARSE, _FINE = (4, 48), (2, 40)
_COARSE_STEP = 2
_SMALLEST = 64
# A tile without structure fits everywhere equally well: how much better a farther shift must fit, in units of
# the deviation between image and reference, per squared pixel.
_STIFFNESS = 0.02


def registered(reference: Plane, image: Plane) -> tuple[Plane, Flags]:
    """Return a golden reference moved onto an image, to a fraction of a pixel everywhere.

    After the common shift (`alignment.shift_between`), each tile of 96 and then of 40 pixels looks for the
    shift with the smallest mean absolute difference, interpolated between whole pixels (equiangular lines:
    M. Shimizu, M. Okutomi, "Sub-pixel estimation error cancellation on area-based matching", IJCV 63, 2005).
    The shifts of a tile and its neighbours are combined by a median, and interpolated in between.

    Parameters
    ----------
    reference, image : (height, width) float32
        Of the same shape, in grey levels; the reference with the contrast of the image.

    Returns
    -------
    moved : (height, width) float32
        Pixels from outside the reference repeat its border.
    inside : (height, width) bool
        Pixels that lie inside the reference.
    """
    rows, columns = shift_between(reference, image)
    field = np.empty((2, *image.shape), np.float32)
    field[0], field[1] = rows, columns
    if min(image.shape) >= _SMALLEST:
        small = reduced(image, _COARSE_STEP)
        coarse = _tile_shifts(reduced(_warped(reference, field), _COARSE_STEP), small, *_COARSE)
        _add(field, _COARSE_STEP * coarse)
        _add(field, _tile_shifts(_warped(reference, field), image, *_FINE))
    inside = [
        (position >= 0) & (position <= length - 1)
        for position, length in zip(_sources(field), image.shape, strict=True)
    ]
    return _warped(reference, field), inside[0] & inside[1]


def _add(field: Plane, shifts: Plane) -> None:
    for whole, part in zip(field, shifts, strict=True):
        whole += enlarged(part, whole.shape)


def _sources(field: Plane) -> tuple[Plane, Plane]:
    """Return the row and column of the reference from which each pixel comes."""
    height, width = field.shape[1:]
    rows = np.arange(height, dtype=np.float32)[:, None] - field[0]
    columns = np.arange(width, dtype=np.float32)[None, :] - field[1]
    return rows, columns


def _warped(reference: Plane, field: Plane) -> Plane:
    sources = _sources(field)
    return np.asarray(ndimage.map_coordinates(reference, sources, order=1, mode="nearest"), np.float32)


def _tile_shifts(reference: Plane, image: Plane, reach: int, side: int) -> Plane:
    """Return the shift of each tile, (2, tiles down, tiles across) float32: rows and columns."""
    height, width = image.shape
    down, across = (max(1, round(length / side)) for length in (height, width))
    tops = np.linspace(0, height, down + 1).astype(np.intp)
    lefts = np.linspace(0, width, across + 1).astype(np.intp)
    pixels = np.outer(np.diff(tops), np.diff(lefts)).astype(np.float32)
    spread = max(median_and_spread(image - reference)[1], 1.0)
    padded = np.pad(reference, reach, mode="edge")
    steps = 2 * reach + 1
    costs = np.empty((steps, steps, down, across), np.float32)
    for row in range(steps):
        for column in range(steps):
            top, left = 2 * reach - row, 2 * reach - column
            difference = np.abs(image - padded[top : top + height, left : left + width])
            sums = np.add.reduceat(np.add.reduceat(difference, tops[:-1], 0), lefts[:-1], 1)
            costs[row, column] = sums / pixels
    # A tile may lack edges in one direction; its neighbours have them.
    costs = (costs + ndimage.uniform_filter(costs, (1, 1, 3, 3), mode="nearest")) / 2
    shifts = np.arange(-reach, reach + 1)
    squares = (shifts[:, None] ** 2 + shifts[None, :] ** 2).astype(np.float32)
    costs += np.float32(_STIFFNESS * spread) * squares[:, :, None, None]
    return np.stack([ndimage.median_filter(axis, 3, mode="nearest") for axis in _lowest(costs, reach)])


def _lowest(costs: Plane, reach: int) -> tuple[Plane, Plane]:
    """Return the shift of lowest cost of each tile along rows and columns, between whole pixels."""
    steps = 2 * reach + 1
    tiles = np.indices(costs.shape[2:])
    rows, columns = np.unravel_index(costs.reshape(steps * steps, *costs.shape[2:]).argmin(0), (steps, steps))
    middle = costs[rows, columns, tiles[0], tiles[1]]
    found = []
    for axis, at in enumerate((rows, columns)):
        inside = (at > 0) & (at < steps - 1)
        beside = [np.clip(at + by, 0, steps - 1) for by in (-1, 1)]
        before, after = (
            costs[place, columns, tiles[0], tiles[1]] if axis == 0 else costs[rows, place, tiles[0], tiles[1]]
            for place in beside
        )
        slope = 2 * np.maximum(np.maximum(before, after) - middle, np.float32(1e-6))
        part: Floats = np.where(inside, (before - after) / slope, 0)
        found.append((at - reach + part).astype(np.float32))
    return found[0], found[1]
