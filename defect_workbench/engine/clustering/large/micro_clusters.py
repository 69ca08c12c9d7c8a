"""Merge rows into micro-clusters, as Ward's tree of all rows does, without a matrix of their distances.

Two clusters that are each other's nearest merge sooner or later, whatever happens to the others, because no
merge of others comes nearer to one of them than they are to each other (F. Murtagh, The Computer Journal 26,
1983). So all such pairs merge at once, round after round. Nearest clusters are searched in blocks of a few
megabytes, in single precision; the nearest of two blocks that are equally near, in double precision.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Flags, Floats, Integers
from defect_workbench.core.progress import Reporter
from defect_workbench.engine.clustering.large.threaded_blocks import in_blocks

# A block of distances should fit into the cache of a core.
_ROWS, _COLUMNS = 1024, 512
# Clusters whose squared distances in single precision differ by less are compared in double precision.
_ROUNDING = 3e-5


@dataclass(frozen=True, eq=False)
class MicroClusters:
    """Small clusters of rows, with the merges that made them.

    Attributes
    ----------
    rows : (m,) intp
        A row of each cluster, ascending.
    centroids : (m, d) float64
    sizes, heights : (m,) float64
        Number of rows of each cluster, and the height of its last merge.
    pairs : (n - m, 2) intp
        A row of each of the two clusters that merged; the first stands for both afterwards.
    pair_heights : (n - m,) float64
        Never below that of a part.
    """

    rows: Integers
    centroids: Floats
    sizes: Floats
    heights: Floats
    pairs: Integers
    pair_heights: Floats


def merge_mutual_nearest(vectors: Floats, copies: Integers, most: int, reporter: Reporter) -> MicroClusters:
    """Merge clusters that are each other's nearest, until no more than a number are left.

    Parameters
    ----------
    vectors : (n, d) float64
    copies : (n,) int
        Number of rows that each row stands for.
    most : int
        At least 1.
    reporter : Reporter
        Its current stage has n - most steps.

    Raises
    ------
    Cancelled
        If the user cancelled.
    """
    rows = np.arange(len(vectors))
    centroids, sizes, tops = vectors.copy(), copies.astype(np.float64), np.zeros(len(vectors))
    pairs, pair_heights = [np.empty((0, 2), np.intp)], [np.empty(0)]
    nearest, near = np.empty(len(rows), np.intp), np.empty(len(rows))
    outdated = np.ones(len(rows), bool)
    while len(rows) > most:
        nearest[outdated], near[outdated] = _nearest(centroids, sizes, np.flatnonzero(outdated), reporter)
        left, right = _mutual(nearest, near)
        at = _ward_distances(centroids, sizes, left, right)
        at = np.maximum(at, np.maximum(tops[left], tops[right]))
        # The lowest first, as the last round must not go beyond the number.
        kept = np.argsort(at, kind="stable")[: len(rows) - most]
        left, right, at = left[kept], right[kept], at[kept]
        pairs.append(np.stack([rows[left], rows[right]], axis=1))
        pair_heights.append(at)
        together = sizes[left] + sizes[right]
        centroids[left] *= (sizes[left] / together)[:, None]
        centroids[left] += centroids[right] * (sizes[right] / together)[:, None]
        sizes[left], tops[left] = together, at
        # What was nearest to neither of a pair keeps its nearest: merged, the pair is no nearer.
        changed = np.zeros(len(rows), bool)
        changed[left] = changed[right] = True
        outdated = changed | changed[nearest]
        alive = np.ones(len(rows), bool)
        alive[right] = False
        number = np.cumsum(alive) - 1
        nearest = number[nearest][alive]
        rows, centroids, sizes, tops = rows[alive], centroids[alive], sizes[alive], tops[alive]
        near, outdated = near[alive], outdated[alive]
        reporter.advance(len(left))
    return MicroClusters(rows, centroids, sizes, tops, np.concatenate(pairs), np.concatenate(pair_heights))


def _ward_distances(centroids: Floats, sizes: Floats, left: Integers, right: Integers) -> Floats:
    """Return the heights at which pairs of clusters merge by Ward's linkage, in double precision."""
    weights = 2 * sizes[left] * sizes[right] / (sizes[left] + sizes[right])
    result: Floats = np.sqrt(weights * ((centroids[left] - centroids[right]) ** 2).sum(axis=1))
    return result


def _mutual(nearest: Integers, near: Floats) -> tuple[Integers, Integers]:
    """Return the pairs of clusters that are each other's nearest, the smaller number first."""
    numbers = np.arange(len(nearest))
    mutual: Flags = (nearest[nearest] == numbers) & (numbers < nearest)
    if not mutual.any():
        # Equally near ones may point at each other in a circle.
        first = int(near.argmin())
        low, high = sorted((first, int(nearest[first])))
        return np.array([low]), np.array([high])
    return numbers[mutual], nearest[mutual]


def _nearest(
    centroids: Floats, sizes: Floats, searched: Integers, reporter: Reporter
) -> tuple[Integers, NDArray[np.float32]]:
    """Return the cluster nearest to each of some clusters, and the square of their Ward distance, halved."""
    # Distances do not depend on the origin, but their rounding does.
    centred = centroids - centroids.mean(axis=0)
    norms = np.einsum("ij,ij->i", centred, centred)[:, None]
    one = np.ones((len(centred), 1))
    # The product of a row of the one with a row of the other is the square of their distance.
    first = np.hstack([-2 * centred[searched], norms[searched], one[searched]]).astype(np.float32)
    second = np.hstack([centred, one, norms]).astype(np.float32)
    shares = (1 / sizes).astype(np.float32)
    nearest, near = np.empty(len(searched), np.intp), np.full(len(searched), np.inf, np.float32)

    def search(block: slice) -> None:
        own, best, least = searched[block], nearest[block], near[block]
        next_best, next_least = best.copy(), least.copy()
        for start in range(0, len(second), _COLUMNS):
            columns = slice(start, start + _COLUMNS)
            squared = first[block] @ second[columns].T
            squared /= shares[own][:, None] + shares[columns]
            inside = np.flatnonzero((own >= start) & (own < start + _COLUMNS))
            squared[inside, own[inside] - start] = np.inf
            closest = squared.argmin(axis=1)
            value = squared[np.arange(len(own)), closest]
            closest += start
            better = value < least
            # What is not the best any more may be the next best.
            worse_value = np.where(better, least, value)
            worse = np.where(better, best, closest)
            best[better], least[better] = closest[better], value[better]
            better = worse_value < next_least
            next_best[better], next_least[better] = worse[better], worse_value[better]
        tied = np.flatnonzero(next_least <= least * (1 + _ROUNDING))
        pairs = [_ward_distances(centroids, sizes, own[tied], each[tied]) for each in (best, next_best)]
        best[tied] = np.where(pairs[1] < pairs[0], next_best[tied], best[tied])

    in_blocks(len(searched), _ROWS, search, reporter.check)
    return nearest, near
