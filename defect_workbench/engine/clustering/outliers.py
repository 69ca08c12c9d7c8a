"""Outlier scores: find images that resemble no others.

An outlier must meet two conditions: it is in a much sparser region than its neighbours are
(local outlier factor: M. M. Breunig, H.-P. Kriegel, R. T. Ng, J. Sander, SIGMOD 2000, its logarithm
averaged over 5, 10 and 20 neighbours), and it is far from others in absolute terms (distance to the
fifth neighbour, robust z of its logarithm). The second condition rules out slight oddities inside a dense
cluster, which the first alone would flag.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from defect_workbench.core.arrays import Floats, Integers
from defect_workbench.core.distances import SquaredDistances
from defect_workbench.engine.features.distinct_rows import distinct_rows

NEIGHBOURS = (5, 10, 20)
LOF_THRESHOLD = 0.24
ISOLATION_THRESHOLD = 1.1
_FEWEST = 10
_FEWEST_NEIGHBOURS = 3


def nearest_neighbours(vectors: Floats, count: int) -> tuple[Floats, Integers]:
    """Return distances and indices of the rows nearest to each row, itself excluded, the nearest first.

    Parameters
    ----------
    vectors : (n, d) float64
    count : int
        Number of neighbours, less than n.

    Returns
    -------
    distances : (n, count) float64
    indices : (n, count) intp
    """
    n = len(vectors)
    distances, indices = np.empty((n, count)), np.empty((n, count), np.intp)
    for rows, squared in SquaredDistances(vectors).blocks():
        squared[np.arange(len(squared)), np.arange(rows.start, rows.stop)] = np.inf
        part = np.argpartition(squared, count - 1, axis=1)[:, :count]
        values = np.take_along_axis(squared, part, axis=1)
        order = np.lexsort((part, values), axis=1)
        indices[rows] = np.take_along_axis(part, order, axis=1)
        distances[rows] = np.sqrt(np.take_along_axis(values, order, axis=1))
    return distances, indices


@dataclass(frozen=True, eq=False)
class NearRows:
    """The rows nearest to each of many rows, found once and used by all that judge outliers.

    Attributes
    ----------
    first, inverse : (m,) intp, (n,) intp
        The distinct rows, and the number of each row among them; see `distinct_rows`.
    distances : (m, k) float64
        Distances of each distinct row to those nearest to it, itself excluded, the nearest first.
    indices : (m, k) intp
        Which of the distinct rows these are.
    """

    first: Integers
    inverse: Integers
    distances: Floats
    indices: Integers


def local_density(near: Floats, indices: Integers, reach: Floats, floor: float) -> Floats:
    """Return the density around points: the reciprocal of the mean reachability distance.

    Parameters
    ----------
    near : (m, k) float64
        Distances of m points to k neighbours.
    indices : (m, k) intp
        Which of n rows these neighbours are.
    reach : (n,) float64
        Distance of each row to its own k-th neighbour.
    floor : float
        A smaller mean distance is treated as this.

    Returns
    -------
    (m,) float64
    """
    return np.asarray(1 / np.maximum(np.maximum(near, reach[indices]).mean(axis=1), floor))


def neighbour_counts(rows: int) -> list[int]:
    """Return the numbers of neighbours for a set of this size.

    In a small set, twenty neighbours would reach into other clusters and flag every small one.
    """
    most = max(_FEWEST_NEIGHBOURS, (rows - 1) // 5)
    return [min(k, most) for k in NEIGHBOURS]


def distance_floor(fifth: Floats) -> float:
    """Return the distance below which images are treated as equal.

    Re-encoded images are almost equal, so it is a thousandth of the median of the distances to a near
    neighbour, (n,).
    """
    return max(1e-3 * float(np.median(fifth)), 1e-12)


def _log_local_outlier_factor(distances: Floats, indices: Integers, k: int, floor: float) -> Floats:
    density = local_density(distances[:, :k], indices[:, :k], distances[:, k - 1], floor)
    return np.asarray(np.log(density[indices[:, :k]].mean(axis=1) / density))


def outlier_scores(vectors: Floats, near: NearRows | None = None) -> Floats:
    """Return how little each row resembles the others; a row with a score above 1 is an outlier.

    Parameters
    ----------
    vectors : (n, d) float64
    near : NearRows, optional
        Of these rows, if their neighbours have been found; then equal rows count once.

    Returns
    -------
    (n,) float64
        All 0 if there are fewer than ten rows, which are too few. Equal rows have the same score.
    """
    if near is not None:
        return _scores_by(near.distances, near.indices)[near.inverse]
    first, inverse = distinct_rows(vectors)
    if int(np.bincount(inverse).max(initial=0)) > NEIGHBOURS[0]:
        # A row with that many equal rows would have no other neighbours, so equal rows count once.
        return _scores(vectors[first])[inverse]
    return _scores(vectors)[first][inverse]


def _scores(vectors: Floats) -> Floats:
    n = len(vectors)
    if n < _FEWEST:
        return np.zeros(n)
    return _scores_by(*nearest_neighbours(vectors, neighbour_counts(n)[-1]))


def _scores_by(distances: Floats, indices: Integers) -> Floats:
    neighbours = neighbour_counts(len(distances))
    fifth = distances[:, neighbours[0] - 1]
    floor = distance_floor(fifth)
    factors = [_log_local_outlier_factor(distances, indices, k, floor) for k in neighbours]
    isolation = np.log(np.maximum(fifth, floor))
    median = np.median(isolation)
    spread = max(1.4826 * float(np.median(np.abs(isolation - median))), 0.05)
    scores = np.minimum(
        np.mean(factors, axis=0) / LOF_THRESHOLD, (isolation - median) / spread / ISOLATION_THRESHOLD
    )
    return np.asarray(np.maximum(scores, 0.0))
