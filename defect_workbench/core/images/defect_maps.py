"""Defect maps: how unusual each place of an image is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from defect_workbench.core.arrays import Pixels, Vectors

# Levels of the stored maps per unit of strangeness.
LEVELS = 24.0
# The number of the highest places of a map whose mean is its strangeness.
HIGHEST = 10


class MapSource(StrEnum):
    """What a defect map compares an image with; the first that is available is used."""

    REFERENCE = "reference"
    """The defect-free image of the same layout."""
    CLEAN = "clean"
    """Defect-free images of the same kind."""
    OTHERS = "others"
    """The other images of the set."""
    SELF = "self"
    """The rest of the image itself."""


SOURCE_LABELS = {
    MapSource.REFERENCE: "golden references",
    MapSource.CLEAN: "clean images",
    MapSource.OTHERS: "the other images",
    MapSource.SELF: "the image itself",
}


@dataclass(frozen=True, eq=False)
class DefectMaps:
    """The defect maps of an image set, one per image in its order.

    Attributes
    ----------
    source : MapSource
    grids : (n, side, side) uint8
        Strangeness of each place times `LEVELS`, the top row first. Places are the cells of a grid over the
        whole image without its info bar, so that they are as wide and high as the image requires.
    strangeness : (n,) float32
        How unusual the strangest places are. On backgrounds that can be modelled, it is for `SELF` how much
        stands out from them in all, for `REFERENCE` the mean of both (the former alone if an image of the set
        has no reference), and for the others their sum, with the logarithm of 1 plus the latter. For
        `REFERENCE` and `SELF`, in standard deviations of the noise; for the others, relative to the typical
        distance between patches of different images, so that 1 is what an ordinary image has. For `SELF` on
        other backgrounds, where places are compared with each other, relative to an ordinary place of the
        image. It does not depend on the rest of the set otherwise.
    """

    source: MapSource
    grids: Pixels
    strangeness: Vectors

    def __len__(self) -> int:
        return len(self.grids)


def strangeness_of(values: Vectors, highest: int = HIGHEST) -> Vectors:
    """Return the mean of the highest places of each map.

    Parameters
    ----------
    values : (n, places) float32
    highest : int
        How many.

    Returns
    -------
    (n,) float32
    """
    count = min(highest, values.shape[1])
    top = np.partition(values, values.shape[1] - count, axis=1)[:, values.shape[1] - count :]
    return np.asarray(top.mean(axis=1), np.float32)


def total_strangeness(values: Vectors) -> Vectors:
    """Return the strangeness of maps in which places are almost 0 wherever nothing stands out.

    All places count, so that a defect that is faint but large is as strange as one that is clear but small.
    The scale is that of `strangeness_of` for a defect that covers `HIGHEST` places.

    Parameters
    ----------
    values : (n, places) float32

    Returns
    -------
    (n,) float32
    """
    squares = (values.astype(np.float64) ** 2).sum(axis=1)
    return np.asarray(np.sqrt(squares / HIGHEST), np.float32)


def strangeness_by_both(difference: float, total: float) -> float:
    """Return the strangeness of an image compared with its reference, where its background can be modelled.

    Parameters
    ----------
    difference : float
        `strangeness_of` its map.
    total : float
        `total_strangeness` of what stands out from the image itself.
    """
    return (difference + total) / 2


def total_of_both(strangeness: Vectors, values: Vectors) -> Vectors:
    """Return how much stands out from images themselves, given their strangeness by both and their maps.

    Parameters
    ----------
    strangeness : (n,) float32
        As `strangeness_by_both` returns it.
    values : (n, places) float32

    Returns
    -------
    (n,) float32
    """
    return np.asarray(np.maximum(2 * strangeness - strangeness_of(values), 0), np.float32)


def as_levels(values: Vectors) -> Pixels:
    """Return strangeness, of any shape, as the levels that `DefectMaps.grids` stores, of the same shape."""
    return np.asarray(np.clip(np.rint(values * LEVELS), 0, 255), np.uint8)
