"""Which images are most like others."""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from defect_workbench.core.arrays import Floats, Integers, Vectors
from defect_workbench.core.clustering.clustering_result import Analysis
from defect_workbench.core.clustering.feature_blocks import DEEP, DEFECT
from defect_workbench.core.distances import nearest_distances
from defect_workbench.core.project.decisions import Partition


class Likeness(StrEnum):
    """By what images are compared."""

    GROUPING = "grouping"
    """As they are grouped: by the fusion vector."""
    PICTURE = "picture"
    """By the embedding of the whole image."""
    DEFECT = "defect"
    """By how they differ at their strangest place."""


_BLOCKS = {Likeness.PICTURE: DEEP, Likeness.DEFECT: DEFECT}


def ways(analysis: Analysis) -> tuple[Likeness, ...]:
    """Return by what the images of an analysis can be compared."""
    return tuple(way for way in Likeness if way not in _BLOCKS or _BLOCKS[way] in analysis.blocks)


def ranked(analysis: Analysis, images: Integers, way: Likeness) -> tuple[Integers, Floats]:
    """Return all other images by their distance to the nearest of some images.

    Parameters
    ----------
    images : (m,) intp
        m at least 1.

    Returns
    -------
    others : (n - m,) intp
        Nearest first; of equal distances, the first image first.
    distances : (n - m,) float64
    """
    vectors: Vectors = analysis.vectors if way not in _BLOCKS else analysis.blocks[_BLOCKS[way]]
    others = np.setdiff1d(np.arange(len(vectors)), images)
    distances = nearest_distances(vectors[others], vectors[images])
    order = np.argsort(distances, kind="stable")
    return others[order], distances[order]


def nearest_images(partition: Partition, image: int, count: int) -> tuple[Integers, Floats]:
    """Return the images most similar to one image, nearest first, and their distances.

    Returns
    -------
    images : (m,) intp
        Without `image` itself; m is at most `count`.
    distances : (m,) float64
    """
    vectors = partition.vectors
    difference = vectors - vectors[image]
    squares = np.einsum("ij,ij->i", difference, difference)
    squares[image] = np.inf
    count = min(count, len(vectors) - 1)
    if count < 1:
        return np.empty(0, np.intp), np.empty(0)
    nearest = np.argpartition(squares, count - 1)[:count]
    distances = np.linalg.norm(vectors[nearest].astype(np.float64) - vectors[image], axis=1)
    order = np.argsort(distances, kind="stable")
    return nearest[order], distances[order]
