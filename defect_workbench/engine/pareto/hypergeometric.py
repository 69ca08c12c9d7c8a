"""Tails of the hypergeometric distribution.

Those of `scipy.stats` are not used: importing it takes seconds in a process that has a window.
"""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln

from defect_workbench.core.arrays import Floats

# What is farther from the mean, in standard deviations, has no weight.
_FAR = 12.0


def tails(count: int, total: int, marked: int, drawn: int) -> tuple[float, float]:
    """Return how likely at most, and at least, `count` of the marked ones are among those drawn.

    Parameters
    ----------
    total, marked, drawn : int
        All, those of them that are marked, those of them that are drawn.
    """
    least, most = max(0, drawn - (total - marked)), min(marked, drawn)
    if count < least:
        return 0.0, 1.0
    if count > most:
        return 1.0, 0.0
    share = marked / total if total else 0.0
    mean = drawn * share
    spread = np.sqrt(mean * (1 - share) * (total - drawn) / max(total - 1, 1)) + 1.0
    low, high = max(least, int(mean - _FAR * spread)), min(most, int(mean + _FAR * spread) + 1)
    numbers = np.arange(low, high + 1, dtype=np.float64)
    weights = np.exp(
        _choose(marked, numbers)
        + _choose(total - marked, drawn - numbers)
        - _choose(total, np.array([float(drawn)]))
    )
    return float(min(1.0, weights[numbers <= count].sum())), float(min(1.0, weights[numbers >= count].sum()))


def _choose(every: int, some: Floats) -> Floats:
    """Return the logarithms of binomial coefficients."""
    return np.asarray(gammaln(every + 1.0) - gammaln(some + 1) - gammaln(every - some + 1))
