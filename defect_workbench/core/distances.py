"""Euclidean distances between many rows, by blocks of matrix products.

By hand, as equal rows must have the distance 0 to the bit: clusters, medians and the merging of copies rest
on it. scikit-learn computes |x|^2 + |y|^2 - 2 x.y too but leaves the rounding of the product in place (of
5,000 pairs of equal rows with 100 columns it finds 40 % apart) and takes seconds to import; SciPy's `cdist`
subtracts each pair, exactly, in four times the time. Whatever is below the rounding of the product is 0 here.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Floats

_BLOCK_BYTES = 128 * 1024**2
# Of the largest squared norm. A squared distance below it is the rounding of two equal rows.
_ROUNDING = 1e-13


class SquaredDistances:
    """Squared distances of each row of `first` to each row of `second`, computed where they are asked for.

    Parameters
    ----------
    first : (n, d) floating point
    second : (m, d) floating point, optional
        The rows of `first` where it is left out.
    block_bytes : int
        Memory that one of `blocks` may take.
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
        """(len(rows), len(columns)) squared distances of a part."""
        squared: Floats = self._first[rows] @ self._second[columns].T
        squared *= -2
        squared += self._first_norms[rows, None]
        squared += self._second_norms[None, columns]
        squared[squared < self._floor] = 0.0
        return squared

    def blocks(self, triangle: bool = False) -> Iterator[tuple[slice, Floats]]:
        """Successive rows of `first`, and their squared distances to all rows of `second`.

        Parameters
        ----------
        triangle : bool
            Leave out the rows of `second` before the first of the block.
        """
        count = max(1, self._block_bytes // (8 * max(1, len(self._second))))
        for start in range(0, len(self._first), count):
            rows = slice(start, min(start + count, len(self._first)))
            yield rows, self.between(rows, slice(start, None) if triangle else slice(None))


def distances(first: NDArray[np.floating], second: NDArray[np.floating] | None = None) -> Floats:
    """Distances of each row of `first` to each row of `second`, or to each other.

    Parameters
    ----------
    first : (n, d) floating point
    second : (m, d) floating point, optional

    Returns
    -------
    (n, m) float64, or (n, n) where `second` is left out
    """
    squared = SquaredDistances(first, second).between(slice(None))
    return np.sqrt(squared, out=squared)


def nearest_distances(first: NDArray[np.floating], second: NDArray[np.floating]) -> Floats:
    """Distance of each row of `first` to the nearest row of `second`.

    Parameters
    ----------
    first : (n, d) floating point
    second : (m, d) floating point
        m at least 1.

    Returns
    -------
    (n,) float64
    """
    found = np.empty(len(first))
    for rows, squared in SquaredDistances(first, second).blocks():
        found[rows] = np.sqrt(squared.min(axis=1))
    return found
