"""Is the placement of clusters random against the other defects? Statistics under shuffled labels."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from defect_workbench.core.arrays import Floats, Integers
from defect_workbench.core.progress import Reporter
from defect_workbench.engine.wafer.closeness import MOST_DISTANCES, Distances, Joins

# Shuffles before it is clear that nothing deviates, and in all: the smallest p is below 0.001.
FIRST_SHUFFLES, SHUFFLES = 199, 1499
# Above this, no shuffle beyond the first ones would change the text.
_CLEARLY_RANDOM = 0.2
FEWEST = 5
# Of larger sets, this many defects are drawn at random: a signature among 100,000 shows among these, too.
_MOST_DEFECTS = 30_000
_BINS = 36


class Statistic(StrEnum):
    """What is compared with shuffled labels."""

    NEIGHBOURS = "distance of neighbours"
    RADIUS = "distribution over the radius"
    ANGLE = "distribution over the angle"
    WAFERS = "distribution over the wafers"


STATISTICS = tuple(Statistic)


@dataclass(frozen=True, eq=False)
class ShuffledLabels:
    """The statistics of clusters, compared with those of shuffled labels.

    Attributes
    ----------
    clusters : (c,) int
        The clusters that were tested.
    z : (c, 4) float64
        How far each statistic is above the mean of the shuffled ones, in their standard deviations; larger
        is less random.
    p : (c, 4) float64
        Of each statistic alone.
    adjusted : (c, 4) float64
        Corrected for the number of clusters and statistics (family-wise, step-down).
    neighbours : tuple of str
        How close the defects of each cluster are to each other, in words.
    shuffles : int
    """

    clusters: Integers
    z: Floats
    p: Floats
    adjusted: Floats
    neighbours: tuple[str, ...]
    shuffles: int


def compare_with_shuffled(
    x_um: Floats,
    y_um: Floats,
    wafer_of: Integers,
    cluster_of: Integers,
    reporter: Reporter,
    seed: int = 0,
) -> ShuffledLabels:
    """Compare the placement of each cluster with that under shuffled labels.

    The labels are shuffled over all defects, so whatever pattern all defects share (more at the edge, more on
    one wafer) is in the shuffled ones, too. All clusters and statistics are shuffled together; the largest
    standardised statistic of each shuffle gives p-values that hold the family-wise error rate (step-down
    maxT: P. H. Westfall, S. S. Young, Resampling-Based Multiple Testing, 1993).

    Parameters
    ----------
    x_um, y_um : (n,) float64
        From the centre of the wafer.
    wafer_of : (n,) int
        At least 0.
    cluster_of : (n,) int
        -1 for defects that belong to none; they are only shuffled.

    Raises
    ------
    Cancelled
        If the user cancels.
    """
    rng = np.random.default_rng(seed)
    if len(cluster_of) > _MOST_DEFECTS:
        drawn = _drawn(cluster_of, rng)
        x_um, y_um, wafer_of, cluster_of = x_um[drawn], y_um[drawn], wafer_of[drawn], cluster_of[drawn]
    sizes = np.bincount(cluster_of[cluster_of >= 0]) if (cluster_of >= 0).any() else np.zeros(0, np.intp)
    # One that holds all defects has nothing to be compared with.
    clusters = np.flatnonzero((sizes >= FEWEST) & (sizes < len(cluster_of)))
    if not len(clusters):
        empty = np.empty((0, len(STATISTICS)))
        return ShuffledLabels(clusters, empty, empty, empty, (), 0)
    measure = _Measure(x_um, y_um, wafer_of, sizes[clusters])
    observed = measure(_by_cluster(cluster_of, clusters, rng))
    reporter.stage("Comparing placement with shuffled labels", SHUFFLES)
    values = np.empty((SHUFFLES + 1, len(clusters), len(STATISTICS)))
    values[0] = observed
    done = 0
    for number in range(1, SHUFFLES + 1):
        reporter.check()
        values[number] = measure(rng.permutation(len(cluster_of)))
        reporter.advance()
        done = number
        if number == FIRST_SHUFFLES and _evaluate(values[: number + 1])[2].min() > _CLEARLY_RANDOM:
            break
    z, p, adjusted = _evaluate(values[: done + 1])
    by_chance = _filled(values[1 : done + 1, :, 0]).mean(axis=0)
    words = measure.neighbours.words(np.nan_to_num(values[0, :, 0] - by_chance))
    return ShuffledLabels(clusters, z, p, adjusted, words, done)


def _drawn(cluster_of: Integers, rng: np.random.Generator) -> Integers:
    """Return some defects of each cluster, all of small ones; the choice depends on labels, not on places."""
    sizes = np.bincount(cluster_of + 1)
    most = sizes.max()
    while np.minimum(sizes, most).sum() > _MOST_DEFECTS:
        most = int(most * 0.9)
    shuffled = rng.permutation(len(cluster_of))
    ordered = shuffled[np.argsort(cluster_of[shuffled], kind="stable")]
    first = np.repeat(np.cumsum(sizes) - sizes, sizes)
    return np.sort(ordered[np.arange(len(ordered)) - first < most])


def _by_cluster(cluster_of: Integers, clusters: Integers, rng: np.random.Generator) -> Integers:
    """Return the defects in random order, cluster after cluster, those of no tested cluster last."""
    rank = np.full(int(cluster_of.max()) + 2, len(clusters))
    rank[clusters] = np.arange(len(clusters))
    shuffled = rng.permutation(len(cluster_of))
    return shuffled[np.argsort(rank[cluster_of[shuffled]], kind="stable")]


def _evaluate(values: Floats) -> tuple[Floats, Floats, Floats]:
    """Return z, p and adjusted p, (c, 4) each, of values (1 + shuffles, c, 4), the observed ones first."""
    flat = _filled(values.reshape(len(values), -1))
    # With the observed ones, so that they are exchangeable with the shuffled ones.
    spread = flat.std(axis=0)
    scores = (flat - flat.mean(axis=0)) / np.where(spread > 1e-12, spread, np.inf)
    # Sums in another order differ by rounding.
    reached = scores >= scores[0] - 1e-9
    order = np.argsort(-scores[0], kind="stable")
    # The largest of each shuffle among those that are not larger themselves.
    largest = np.maximum.accumulate(scores[:, order[::-1]], axis=1)[:, ::-1]
    steps = (largest >= scores[0, order] - 1e-9).mean(axis=0)
    adjusted = np.empty(len(order))
    adjusted[order] = np.maximum.accumulate(steps)
    shape = values.shape[1:]
    return scores[0].reshape(shape), reached.mean(axis=0).reshape(shape), adjusted.reshape(shape)


def _filled(values: Floats) -> Floats:
    """Return values with the mean of its column in place of NaN: of defects without any neighbour."""
    known = np.isfinite(values)
    mean = np.where(known, values, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return np.where(known, values, mean)


class _Measure:
    """Computes all statistics of all clusters, for the defects in an order: cluster after cluster."""

    def __init__(self, x_um: Floats, y_um: Floats, wafer_of: Integers, sizes: Integers) -> None:
        self._sizes = sizes
        self._slots = np.repeat(np.arange(len(sizes)), sizes)
        bins = int(min(_BINS, max(4, len(x_um) // 5)))
        radius, angle = np.hypot(x_um, y_um), np.arctan2(y_um, x_um)
        self._radius, self._radius_share = _equal_bins(radius, bins)
        self._angle, self._angle_share = _equal_bins(angle, bins)
        _, self._wafer = np.unique(wafer_of, return_inverse=True)
        self._wafers = int(self._wafer.max()) + 1
        self._wafer_share = np.bincount(self._wafer, minlength=self._wafers) / len(wafer_of)
        close = Distances if sizes.sum() <= MOST_DISTANCES else Joins
        self.neighbours: Distances | Joins = close(x_um, y_um, self._wafer, sizes)

    def __call__(self, order: Integers) -> Floats:
        """Return (c, 4) statistics; larger is less random, and all are near to normally distributed."""
        chosen = order[: len(self._slots)]
        radius = self._shares(self._radius[chosen], self._radius_share) - np.cumsum(self._radius_share)
        angle = self._shares(self._angle[chosen], self._angle_share) - np.cumsum(self._angle_share)
        # Watson's statistic: it does not depend on where the angle begins.
        angle = angle - (angle * self._angle_share).sum(axis=1, keepdims=True)
        wafers = np.diff(self._shares(self._wafer[chosen], self._wafer_share), axis=1, prepend=0.0)
        squares = (
            (radius**2 * self._radius_share).sum(axis=1),
            (angle**2 * self._angle_share).sum(axis=1),
            ((wafers - self._wafer_share) ** 2 / self._wafer_share).sum(axis=1),
        )
        # A sum of squares to the power of 1/3 is near to a normal distribution (Wilson, Hilferty, 1931).
        return np.stack([self.neighbours(chosen), *(np.cbrt(square) for square in squares)], axis=1)

    def _shares(self, bins: Integers, share: Floats) -> Floats:
        """Return (c, bins) the cumulated share of each cluster's defects up to a bin."""
        counts = np.bincount(self._slots * len(share) + bins, minlength=len(self._sizes) * len(share))
        return np.asarray(np.cumsum(counts.reshape(-1, len(share)), axis=1) / self._sizes[:, None])


def _equal_bins(values: Floats, bins: int) -> tuple[Integers, Floats]:
    """Return the bin of each value, and the share of each bin; all are about equally full."""
    edges = np.unique(np.quantile(values, np.linspace(0, 1, bins + 1)[1:-1]))
    number = np.searchsorted(edges, values, side="left")
    share = np.bincount(number, minlength=len(edges) + 1) / len(values)
    _, number = np.unique(number, return_inverse=True)
    return number, share[share > 0]
