"""Tests whether a class is more or less frequent in a group than in those before it.

Given how many images of the class there are in the group and before it together, how many fall to the group
is a binomial number if nothing changed (J. Przyborowski, H. Wilenski, Biometrika 31 (1940) 313). Lots vary by
more than chance, though: their rates have a coefficient of variation whose square, phi, is estimated from the
earlier groups, all classes together, with its uncertainty (the Q profile of W. Viechtbauer, Stat. Med. 26
(2007) 37). The p-value is the mean of the binomial tail over all of this.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, bdtrc, chdtri, gammaincinv, ndtr

from defect_workbench.core.arrays import Floats
from defect_workbench.engine.pareto.hypergeometric import tails

# Where the deviation of a lot is evaluated, in standard deviations: closely, as many counts leave no other
# blur; and where phi is, at levels of its distribution.
_NODES = np.linspace(-6, 6, 49)
_WEIGHTS = np.exp(-(_NODES**2) / 2)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()
_LEVEL_NODES, _LEVEL_WEIGHTS = np.polynomial.hermite_e.hermegauss(9)
_LEVEL_WEIGHTS = _LEVEL_WEIGHTS / _LEVEL_WEIGHTS.sum()
_LEVELS, _SHARES = ndtr(_LEVEL_NODES), ndtr(_NODES)
_PHI = np.concatenate([[0.0], np.geomspace(1e-5, 20.0, 90)])
_NO_VARIANCE = 1e-9
# The coefficient of variation of rates where there are too few groups, or counts, to estimate it.
ASSUMED_VARIATION = 0.3
# Rarer classes say nothing about the variation between lots.
_FEWEST = 1.0


def change_p_values(counts: NDArray[np.int64], exposure: Floats, *, shares: bool) -> tuple[Floats, Floats]:
    """Return the two-sided p-value of each class and group against all groups before it.

    Parameters
    ----------
    counts : (groups, classes) int64
    exposure : (groups,) float64
        What the counts are proportional to: reviewed wafers, their area, or images.
    shares : bool
        Whether the exposure is the number of images that the counts are shares of.

    Returns
    -------
    p_values : (groups, classes) float64
        NaN for the first group, and where the exposure of the group or of those before it is unknown.
    attainable : (groups, classes) float64
        The smallest p-value that is possible with this total.
    """
    p_values = np.full(counts.shape, np.nan)
    attainable = np.full(counts.shape, np.nan)
    known = np.flatnonzero(np.isfinite(exposure) & (exposure > 0))
    weights = np.outer(_LEVEL_WEIGHTS, _WEIGHTS).ravel()
    for place in range(1, len(known)):
        group, before = known[place], known[:place]
        here, there = float(exposure[group]), exposure[before]
        now, then = counts[group].astype(np.float64), counts[before].sum(axis=0).astype(np.float64)
        # Where only one group is before it, those after it show how much groups vary.
        varying = before if place > 1 else np.delete(known, place)
        phi = _variation(counts[varying], exposure[varying], shares)
        # The group and the mean of those before it vary independently.
        variance = phi * (1 + (there**2).sum() / there.sum() ** 2)
        pair = here, float(there.sum())
        if shares:
            # Counts of the rarer kind are the ones that are nearly binomial.
            common = now + then > sum(pair) / 2
            now, then = np.where(common, here - now, now), np.where(common, pair[1] - then, then)
        lower, upper = _tails(now, then, pair, _deviations(variance))
        if shares:
            by_chance = np.repeat(variance, len(_NODES)) < _NO_VARIANCE
            exact = _exact_tails(now, then, pair)
            lower[:, by_chance], upper[:, by_chance] = exact[0][:, None], exact[1][:, None]
        p_values[group] = np.minimum(1.0, 2 * np.minimum(lower @ weights, upper @ weights))
        attainable[group] = _smallest(now + then, here / sum(pair))
    return p_values, attainable


def _tails(now: Floats, then: Floats, exposure: tuple[float, float], factor: Floats) -> tuple[Floats, Floats]:
    """Return the probabilities of at most, and of at least, the group's count, (classes, factors) each.

    Parameters
    ----------
    now, then : (classes,) float64
        Counts in the group and before it.
    exposure : (float, float)
        Of the group, and of those before it.
    factor : (factors,) float64
        How many times as frequent a class is in the group as before it.
    """
    share = exposure[0] / sum(exposure)
    chance = share * factor / (1 - share + share * factor)
    total = (now + then).astype(np.int64)[:, None]
    lower = bdtr(now[:, None], total, chance)
    upper = np.where(now[:, None] > 0, bdtrc(np.maximum(now[:, None] - 1, 0), total, chance), 1.0)
    return np.asarray(lower), upper


def _exact_tails(now: Floats, then: Floats, exposure: tuple[float, float]) -> tuple[Floats, Floats]:
    """Return the tails if both groups have the same shares, by Fisher's exact test, (classes,) each."""
    images, here = round(sum(exposure)), round(exposure[0])
    found = [tails(int(x), images, int(x + y), here) for x, y in zip(now, then, strict=True)]
    lower, upper = np.array(found).reshape(-1, 2).T
    return lower, upper


def _smallest(total: Floats, share: float) -> Floats:
    """Return the smallest p-value that is possible with this many in both, (classes,)."""
    return np.asarray(np.minimum(1.0, 2 * np.minimum(share**total, (1 - share) ** total)))


def _deviations(variance: Floats) -> Floats:
    """Return factors by which the rates of two groups differ, (levels * nodes,), for each variance.

    Nobody knows the distribution of lots. Small factors are as likely as those of a gamma distribution, large
    ones as those of a log-normal distribution: of the two, these have the heavier tails.
    """
    variance = np.maximum(variance, _NO_VARIANCE)[:, None]
    by_gamma = gammaincinv(1 / variance, _SHARES) * variance
    by_logarithm = np.exp(np.sqrt(np.log1p(variance)) * _NODES)
    lower = np.minimum(by_gamma, by_logarithm)
    return np.where(_NODES < 0, lower, np.maximum(by_gamma, by_logarithm)).ravel()


def _variation(counts: NDArray[np.int64], exposure: Floats, shares: bool) -> Floats:
    """Return phi at each level of its distribution, (levels,), from the counts of some groups."""
    assumed = np.full(len(_LEVELS), ASSUMED_VARIATION**2)
    if len(counts) < 2:
        return assumed
    expected = np.outer(exposure, counts.sum(axis=0) / exposure.sum())
    enough = expected.mean(axis=0) >= _FEWEST
    if not enough.any():
        return assumed
    expected, counts = expected[:, enough], counts[:, enough]
    by_chance = expected * (1 - expected / exposure[:, None]) if shares else expected
    degrees = (len(counts) - 1) * counts.shape[1]
    squares = (counts - expected) ** 2
    variances = by_chance + _PHI[:, None, None] * expected**2
    statistic = np.divide(squares, variances, out=np.zeros_like(variances), where=variances > 0).sum(
        axis=(1, 2)
    )
    # The statistic falls with phi: where it passes each level, phi has that probability to be larger.
    levels = chdtri(degrees, 1 - _LEVELS)
    return np.asarray(np.interp(-levels, -statistic, _PHI, left=0.0, right=float(_PHI[-1])), np.float64)


def holm(p_values: Floats, attainable: Floats, level: float = 0.05) -> Floats:
    """Return p-values corrected for the number of comparisons (S. Holm, Scand. J. Stat. 6 (1979) 65).

    Comparisons that cannot become significant, whatever the counts are, do not take part, after R. E. Tarone,
    Biometrics 46 (1990) 515; their corrected p-value is 1.
    """
    corrected = np.where(np.isnan(p_values), np.nan, 1.0)
    taking_part = np.flatnonzero((attainable <= level).ravel())
    values = p_values.ravel()[taking_part]
    order = np.argsort(values, kind="stable")
    steps = values[order] * np.arange(len(order), 0, -1)
    corrected.ravel()[taking_part[order]] = np.minimum(1.0, np.maximum.accumulate(steps))
    return corrected
