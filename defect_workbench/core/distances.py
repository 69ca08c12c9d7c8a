"""Euclidean distances between many rows, computed in blocks as matrix products.

Implemented here because equal rows must have a distance of exactly 0: clusters, medians and the merging of
identical images depend on it. scikit-learn also computes |x|^2 + |y|^2 - 2 x.y but keeps the rounding errors
(for 40% of 5,000 pairs of equal rows with 100 columns its distance is not 0) and takes seconds to import.
SciPy's `cdist` subtracts each pair, which is exact but takes four times as long. Here, squared distances
below the rounding error are set to 0.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Floats, Integers

_BLOCK_BYTES = 128 * 1024**2
# Relative to the largest squared norm. A smaller squared distance is a rounding error.
_ROUNDING = 1e-13


class SquaredDistances:
    """Squared distances of each row of `first` to each row of `second`, computed on demand.

    Parameters
    ----------
    first : (n, d) floating point
    second : (m, d) floating point, optional
        Default: `first`.
    block_bytes : int
        Maximum memory of one of the `blocks`.
    """

    def __init__(
        self,
        first: NDArray[np.floating],
        second: NDArray[np.floating] | None = None,
        block_bytes: int = _BLOCK_BYTES,
    ) -> None:
        self._first = np.asarray(first, np.float64)
        self._second = self._first if second is None else np.asarray(second, np.float64)
        self._first_norms = np.einsum("ij,ij->i", self._first, self._first)
        self._second_norms = (
            self._first_norms if second is None else np.einsum("ij,ij->i", self._second, self._second)
        )
        largest = max(self._first_norms.max(initial=0.0), self._second_norms.max(initial=0.0))
        self._floor = _ROUNDING * max(float(largest), 1e-300)
        self._block_bytes = block_bytes

    def between(self, rows: slice, columns: slice = slice(None)) -> Floats:
        """Return a part of the matrix of squared distances, (len(rows), len(columns))."""
        squared: Floats = self._first[rows] @ self._second[columns].T
        squared *= -2
        squared += self._first_norms[rows, None]
        squared += self._second_norms[None, columns]
        squared[squared < self._floor] = 0.0
        return squared

    def blocks(self, triangle: bool = False) -> Iterator[tuple[slice, Floats]]:
        """Yield successive rows of `first`, and their squared distances to all rows of `second`, (rows, m).

        Parameters
        ----------
        triangle : bool
            Leave out the rows of `second` before the first row of the block.
        """
        count = max(1, self._block_bytes // (8 * max(1, len(self._second))))
        for start in range(0, len(self._first), count):
            rows = slice(start, min(start + count, len(self._first)))
            yield rows, self.between(rows, slice(start, None) if triangle else slice(None))


def distances(first: NDArray[np.floating], second: NDArray[np.floating] | None = None) -> Floats:
    """Return the distances of each row of `first` to each row of `second` (default: `first`).

    Parameters
    ----------
    first : (n, d) floating point
    second : (m, d) floating point, optional

    Returns
    -------
    (n, m) float64, or (n, n) without `second`
    """
    squared = SquaredDistances(first, second).between(slice(None))
    return np.sqrt(squared, out=squared)


def nearest_distances(first: NDArray[np.floating], second: NDArray[np.floating]) -> Floats:
    """Return the distance of each row of `first` to the nearest row of `second`.

    Parameters
    ----------
    first : (n, d) floating point
    second : (m, d) floating point
        m at least 1.

    Returns
    -------
    (n,) float64
    """
    nearest = np.empty(len(first))
    for rows, squared in SquaredDistances(first, second).blocks():
        nearest[rows] = np.sqrt(squared.min(axis=1))
    return nearest


def nearest_rows(
    first: NDArray[np.floating],
    second: NDArray[np.floating],
    count: int,
    groups: tuple[Integers, Integers] | None = None,
) -> tuple[Floats, Integers]:
    """Return the rows of `second` that are nearest to each row of `first`.

    Parameters
    ----------
    first : (n, d) floating point
    second : (m, d) floating point
        m at least 1.
    count : int
        How many; all m if there are fewer.
    groups : ((n,) intp, (m,) intp), optional
        The group of each row of both; rows of one group have an infinite distance.

    Returns
    -------
    (n, min(count, m)) float64
        Their distances, in rising order.
    (n, min(count, m)) intp
        Their numbers.
    """
    count = min(count, len(second))
    squares, numbers = np.empty((len(first), count)), np.empty((len(first), count), np.intp)
    for rows, squared in SquaredDistances(first, second).blocks():
        if groups is not None:
            squared[groups[0][rows, None] == groups[1][None, :]] = np.inf
        near = np.argpartition(squared, count - 1, axis=1)[:, :count]
        of_near = np.take_along_axis(squared, near, axis=1)
        order = np.argsort(of_near, axis=1, kind="stable")
        squares[rows] = np.take_along_axis(of_near, order, axis=1)
        numbers[rows] = np.take_along_axis(near, order, axis=1)
    return np.sqrt(squares, out=squares), numbers
