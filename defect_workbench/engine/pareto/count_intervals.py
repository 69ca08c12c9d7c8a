"""95% intervals for counts and shares that stay right where counts are small."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta, chi2, hypergeom

from defect_workbench.core.arrays import Flags, Floats

Whole = NDArray[np.int64]

_TAIL = 0.025


def poisson_interval(sums: Floats, variances: Floats, largest_weight: Floats) -> tuple[Floats, Floats]:
    """Return the interval of the mean of a weighted sum of Poisson counts.

    The gamma interval of M. P. Fay, E. J. Feuer, Stat. Med. 16 (1997) 791; if all weights are 1, it is the
    exact interval of F. Garwood, Biometrika 28 (1936) 437.

    Parameters
    ----------
    sums : float64
        Of weights times counts.
    variances : float64
        Sums of squared weights times counts.
    largest_weight : float64
        Of the counts, those of zero included.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        degrees = 2 * sums**2 / np.maximum(variances, 1e-300)
        # A sum that is unknown stays so.
        low = np.where(sums > 0, variances / (2 * sums) * chi2.ppf(_TAIL, degrees), 0 * sums)
        upper, spread = sums + largest_weight, variances + largest_weight**2
        high = spread / (2 * upper) * chi2.ppf(1 - _TAIL, 2 * upper**2 / spread)
    return np.asarray(low), np.asarray(high)


def share_interval(counts: Floats, totals: Floats) -> tuple[Floats, Floats]:
    """Return the interval of a share: C. J. Clopper, E. S. Pearson, Biometrika 26 (1934) 404.

    `counts` and `totals` need not be whole numbers; NaN where a total is 0.
    """
    with np.errstate(invalid="ignore"):
        low = np.where(counts > 0, beta.ppf(_TAIL, counts, totals - counts + 1), 0.0)
        high = np.where(counts < totals, beta.ppf(1 - _TAIL, counts + 1, totals - counts), 1.0)
    empty = totals <= 0
    return np.where(empty, np.nan, low), np.where(empty, np.nan, high)


def estimated_interval(counts: Whole, reviewed: Whole, totals: Whole) -> tuple[Floats, Floats]:
    """Return the interval of how many of all images are of a class, if some of them were reviewed.

    The exact interval of a hypergeometric distribution: those reviewed are taken for a random sample. If all
    were reviewed, both ends are the count.

    Parameters
    ----------
    counts, reviewed, totals : int64, of one shape
        Images of the class, reviewed images, all images.
    """
    least, most = counts, totals - reviewed + counts

    def many_enough(number: Whole) -> Flags:
        return np.asarray(hypergeom.sf(counts - 1, totals, number, reviewed) > _TAIL)

    def too_many(number: Whole) -> Flags:
        unlikely = hypergeom.cdf(counts, totals, np.minimum(number, most), reviewed) <= _TAIL
        return np.asarray((number > most) | unlikely)

    low, high = _smallest(least, most, many_enough), _smallest(least, most + 1, too_many) - 1
    return low.astype(np.float64), high.astype(np.float64)


def _smallest(least: Whole, most: Whole, holds: Callable[[Whole], Flags]) -> Whole:
    """Return the smallest whole numbers from `least` to `most` where a condition holds, by bisection."""
    low, high = least.copy(), most.copy()
    while (low < high).any():
        middle = (low + high) // 2
        found, done = holds(middle), low >= high
        high = np.where(found & ~done, middle, high)
        low = np.where(found | done, low, middle + 1)
    return high
