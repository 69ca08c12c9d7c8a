"""Tiles of an image: small defects of a large one would be lost when it is resized for the network."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from defect_workbench.core.arrays import Pixels
from defect_workbench.engine.preprocessing.background import Plane
from defect_workbench.engine.preprocessing.resize import prepare

# Above this length a side is halved: four tiles at most, so four passes through the network.
LARGEST = 320
# Places along each side of a tile: one for 8 of the network's 224 pixels.
PLACES = 28


def tiles_along(length: int) -> int:
    """Return the number of tiles along a side of this length in pixels."""
    return 1 if length <= LARGEST else 2


def tile_shape(pixels: Pixels) -> tuple[int, int]:
    """Return how many tiles an image has, down and across.

    Parameters
    ----------
    pixels : (height, width) or (height, width, 3) uint8
    """
    return tiles_along(pixels.shape[0]), tiles_along(pixels.shape[1])


def network_tiles(pixels: Pixels, shape: tuple[int, int]) -> Pixels:
    """Return the tiles of an image, each resized for the network.

    Parameters
    ----------
    pixels : (height, width) or (height, width, 3) uint8
    shape : tuple of int
        As `tile_shape` returns it.

    Returns
    -------
    (tiles, 224, 224, 3) uint8
        Row after row.
    """
    return np.stack(
        [
            prepare(np.ascontiguousarray(part))[1]
            for row in np.array_split(pixels, shape[0], axis=0)
            for part in np.array_split(row, shape[1], axis=1)
        ]
    )


def joined(values: Plane, shape: tuple[int, int]) -> Plane:
    """Return the values of the places of all tiles as one grid.

    Parameters
    ----------
    values : (tiles, side, side) float32
    shape : tuple of int

    Returns
    -------
    (shape[0] * side, shape[1] * side) float32
    """
    side = values.shape[1]
    grid = values.reshape(*shape, side, side).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(grid.reshape(shape[0] * side, shape[1] * side))


def split(grid: Plane, shape: tuple[int, int]) -> Plane:
    """Return a grid over an image as the places of its tiles; the inverse of `joined`.

    Parameters
    ----------
    grid : (down * side, across * side) float32
    shape : (int, int)
        Tiles of the image, down and across.

    Returns
    -------
    (down * across, side, side) float32
    """
    side = grid.shape[0] // shape[0]
    tiles = grid.reshape(shape[0], side, shape[1], side).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(tiles.reshape(-1, side, side))


def strongest(values: Plane, shape: tuple[int, int]) -> Plane:
    """Return the largest magnitude at each place of an image's tiles.

    Parameters
    ----------
    values : (height, width) float32
        At the resolution of the image.
    shape : tuple of int

    Returns
    -------
    (shape[0] * PLACES, shape[1] * PLACES) float32
    """
    rows, columns = shape[0] * PLACES, shape[1] * PLACES
    # A place of an image smaller than the grid is the pixel at its centre.
    reach = [-(-values.shape[0] // rows), -(-values.shape[1] // columns)]
    magnitude = ndimage.maximum_filter(np.abs(values), size=reach, mode="nearest")
    down = ((np.arange(rows) + 0.5) * values.shape[0] / rows).astype(int)
    across = ((np.arange(columns) + 0.5) * values.shape[1] / columns).astype(int)
    return np.ascontiguousarray(magnitude[np.ix_(down, across)])
