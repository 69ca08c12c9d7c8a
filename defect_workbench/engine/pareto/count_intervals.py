"""95% intervals for counts and shares that stay right where counts are small."""

from __future__ import annotations

from bisect import bisect_left

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, chdtri

from defect_workbench.core.arrays import Floats
from defect_workbench.engine.pareto.hypergeometric import tails

Whole = NDArray[np.int64]

_TAIL = 0.025
# From this count on, an approximation is good enough.
_LARGE = 60


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
        low = np.where(sums > 0, variances / (2 * sums) * chdtri(degrees, 1 - _TAIL), 0 * sums)
        upper, spread = sums + largest_weight, variances + largest_weight**2
        high = spread / (2 * upper) * chdtri(2 * upper**2 / spread, _TAIL)
    return np.asarray(low), np.asarray(high)


def share_interval(counts: Floats, totals: Floats) -> tuple[Floats, Floats]:
    """Return the interval of a share: C. J. Clopper, E. S. Pearson, Biometrika 26 (1934) 404.

    `counts` and `totals` need not be whole numbers; NaN where a total is 0.
    """
    with np.errstate(invalid="ignore"):
        low = np.where(counts > 0, betaincinv(counts, totals - counts + 1, _TAIL), 0.0)
        high = np.where(counts < totals, betaincinv(counts + 1, totals - counts, 1 - _TAIL), 1.0)
    empty = totals <= 0
    return np.where(empty, np.nan, low), np.where(empty, np.nan, high)


def estimated_interval(counts: Whole, reviewed: Whole, totals: Whole) -> tuple[Floats, Floats]:
    """Return the interval of how many of all images are of a class, if some of them were reviewed.

    Those reviewed are treated as a random sample. Small counts have the exact interval of the hypergeometric
    distribution, large ones that of Clopper and Pearson for a sample of the same precision (E. L. Korn, B. I.
    Graubard, Surv. Methodol. 24 (1998) 193), as the exact one takes long. If all were reviewed, both ends are
    the count.

    Parameters
    ----------
    counts, reviewed, totals : int64, of one shape
        Images of the class, reviewed images, all images.
    """
    drawn, every = np.maximum(reviewed, 1).astype(np.float64), totals.astype(np.float64)
    # As large as a sample of an endless set must be to say as much.
    sample = drawn * np.maximum(every - 1, 1) / np.maximum(every - drawn, 1)
    low, high = (ends * every for ends in share_interval(counts / drawn * sample, sample))
    low, high = (np.clip(ends, counts, totals - reviewed + counts) for ends in (low, high))
    small = (np.minimum(counts, reviewed - counts) < _LARGE) | (reviewed == totals)
    for place in zip(*np.nonzero(small), strict=True):
        low[place], high[place] = _ends(int(counts[place]), int(reviewed[place]), int(totals[place]))
    return low, high


def _ends(count: int, drawn: int, total: int) -> tuple[int, int]:
    """Return the smallest and the largest number of all images with which the count is not unlikely."""
    most = total - drawn + count
    numbers = range(count, most + 1)
    low = bisect_left(numbers, True, key=lambda number: tails(count, total, number, drawn)[1] > _TAIL)
    high = bisect_left(numbers, True, key=lambda number: tails(count, total, number, drawn)[0] <= _TAIL)
    return count + low, count + high - 1
