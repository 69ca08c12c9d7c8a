"""Ward's linkage of points that each stand for several rows.

Libraries start from single rows. Here a point with n_i rows and centroid c_i is one initial cluster, and two
clusters merge at the height sqrt(2 n_i n_j / (n_i + n_j)) |c_i - c_j|, as they do in a tree of all rows.

Sources: J. H. Ward, J. Am. Stat. Assoc. 58 (1963); nearest-neighbour chains: F. Murtagh, The Computer Journal
26 (1983), which give the same merges because Ward's linkage is reducible; update of the distances: G. N.
Lance, W. T. Williams, The Computer Journal 9 (1967).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from defect_workbench.core.arrays import Floats, Integers
from defect_workbench.core.distances import SquaredDistances

_CHECK_EVERY = 256


def weighted_ward(
    points: Floats, sizes: Floats, check: Callable[[], None], floors: Floats | None = None
) -> tuple[Integers, Floats]:
    """Return the merges of points with sizes; a merge comes after those of its parts.

    Parameters
    ----------
    points : (m, d) float64
        Memory is 8 m^2 bytes.
    sizes : (m,) floating point or int
        Number of rows of each point, at least 1.
    floors : (m,) float64, optional
        Height of the last merge within each point; no merge of it is lower.
    check : callable
        Called often; raises `Cancelled` if the work should stop.

    Returns
    -------
    pairs : (m - 1, 2) intp
        A point of each of the two clusters that merge; the first stands for the merged cluster afterwards.
    heights : (m - 1,) float64
        Never below that of a part, but not in ascending order, as chains are followed to their end one after
        the other.
    """
    m = len(points)
    sizes = np.array(sizes, np.float64)
    tops = np.zeros(m) if floors is None else floors.copy()
    squared = SquaredDistances(points).between(slice(None))
    for row in range(m):
        squared[row] *= 2 * sizes[row] * sizes / (sizes[row] + sizes)
    np.fill_diagonal(squared, np.inf)
    pairs, heights = np.empty((max(m - 1, 0), 2), np.intp), np.empty(max(m - 1, 0))
    alive = np.ones(m, bool)
    chain: list[int] = []
    first = 0
    for number in range(m - 1):
        if number % _CHECK_EVERY == 0:
            check()
        if not chain:
            while not alive[first]:
                first += 1
            chain.append(first)
        while True:
            top = chain[-1]
            nearest = int(squared[top].argmin())
            # Of equally near ones the previous, or chains could run in circles.
            if len(chain) > 1 and squared[top, chain[-2]] <= squared[top, nearest]:
                break
            chain.append(nearest)
        right, left = sorted((chain.pop(), chain.pop()), reverse=True)
        tops[left] = max(np.sqrt(squared[left, right]), tops[left], tops[right])
        pairs[number], heights[number] = (left, right), tops[left]
        _merge(squared, sizes, left, right)
        alive[right] = False
    return pairs, heights


def _merge(squared: Floats, sizes: Floats, left: int, right: int) -> None:
    """Put the cluster of two into the row and column of the first, and take the second out."""
    height = squared[left, right]
    row = (sizes + sizes[left]) * squared[left]
    row += (sizes + sizes[right]) * squared[right]
    row -= height * sizes
    row /= sizes + (sizes[left] + sizes[right])
    row[left] = row[right] = np.inf
    squared[left], squared[:, left] = row, row
    squared[right], squared[:, right] = np.inf, np.inf
    sizes[left] += sizes[right]
