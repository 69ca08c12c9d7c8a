"""How close the defects of a cluster are to each other: two statistics for shuffled labels."""

from __future__ import annotations

import numpy as np

from defect_workbench.core.arrays import Flags, Floats, Integers

# Of more defects, the distances would take too long for each shuffle.
MOST_DISTANCES = 4000
# Two defects at the same place are as far from each other as two pixels.
_CLOSEST_UM = 1.0
_NEIGHBOURS = 4


class Distances:
    """Distance to the nearest defect of the same cluster on the same wafer, for up to thousands of defects.

    Parameters
    ----------
    x_um, y_um, wafer : (n,) float64, float64, int
        All defects.
    sizes : (c,) int
        Of the clusters.
    """

    def __init__(self, x_um: Floats, y_um: Floats, wafer: Integers, sizes: Integers) -> None:
        self._x, self._y, self._wafer, self._clusters = x_um, y_um, wafer, len(sizes)
        self._cluster = np.repeat(np.arange(len(sizes)), sizes)
        self._wafers = int(wafer.max()) + 1
        self._apart = _apart(x_um, y_um)

    def __call__(self, chosen: Integers) -> Floats:
        """Return minus the mean logarithm of the distances, (c,); NaN for clusters without neighbours.

        Distances are times the root of the cluster's number on the wafer, so that they do not fall merely
        because more of its defects are on one wafer.

        Parameters
        ----------
        chosen : (m,) int
            The defects of the first cluster, then those of the second, and so on.
        """
        layer = self._cluster * self._wafers + self._wafer[chosen]
        distance, _, near = _nearest(self._x[chosen], self._y[chosen], layer, self._apart, 1)
        on_wafer = np.bincount(layer, minlength=self._clusters * self._wafers)[layer]
        scaled = -np.log(np.maximum(distance[:, 0], _CLOSEST_UM) * np.sqrt(on_wafer))
        near = near[:, 0]
        sums = np.bincount(self._cluster[near], scaled[near], minlength=self._clusters)
        pairs = np.bincount(self._cluster[near], minlength=self._clusters)
        return np.where(pairs > 0, sums / np.maximum(pairs, 1), np.nan)

    def words(self, gain: Floats) -> tuple[str, ...]:
        """Return in words how much closer neighbours are than by chance, for gains, (c,)."""
        return tuple(f"neighbours {each:.1f} times closer than by chance" for each in np.exp(gain).tolist())


class Joins:
    """How many of the four nearest defects belong to the same cluster, for any number of defects.

    The neighbours are the same in each shuffle, so they are found once. See `Distances` for the parameters.
    """

    def __init__(self, x_um: Floats, y_um: Floats, wafer: Integers, sizes: Integers) -> None:
        self._clusters, self._defects = len(sizes), len(x_um)
        self._slots = np.repeat(np.arange(len(sizes)), sizes)
        count = min(_NEIGHBOURS, len(x_um) - 1)
        _, neighbour, near = _nearest(x_um, y_um, wafer, _apart(x_um, y_um), count)
        self._from = np.repeat(np.arange(len(x_um)), count)[near.ravel()]
        self._to = neighbour.ravel()[near.ravel()]
        self._wafer, self._wafers = wafer, int(wafer.max()) + 1
        defects = np.bincount(wafer, minlength=self._wafers)
        joins = np.bincount(wafer[self._from], minlength=self._wafers)
        self._chance = joins / np.maximum(defects * (defects - 1.0), 1.0)
        self._expected: Floats = np.ones(len(sizes))

    def __call__(self, chosen: Integers) -> Floats:
        """Return the root of the joins less that of the joins expected from the numbers per wafer, (c,)."""
        label = np.full(self._defects, self._clusters)
        label[chosen] = self._slots
        one, other = label[self._from], label[self._to]
        joins = np.bincount(one[one == other], minlength=self._clusters + 1)[:-1]
        layer = self._slots * self._wafers + self._wafer[chosen]
        numbers = np.bincount(layer, minlength=self._clusters * self._wafers).reshape(-1, self._wafers)
        expected = (numbers * (numbers - 1.0)) @ self._chance
        self._expected = expected
        return np.asarray(np.sqrt(joins) - np.sqrt(expected))

    def words(self, gain: Floats) -> tuple[str, ...]:
        """Return in words how much more often neighbours belong together than by chance, for gains, (c,)."""
        root = np.sqrt(np.maximum(self._expected, 1.0))
        times = ((root + gain) / root) ** 2
        return tuple(f"neighbours {each:.1f} times as often as by chance" for each in times.tolist())


def _apart(x_um: Floats, y_um: Floats) -> float:
    """Return a distance that no two defects on a wafer have."""
    return 4.0 * max(float(np.ptp(x_um)), float(np.ptp(y_um)), 1.0)


def _nearest(
    x: Floats, y: Floats, layer: Integers, apart: float, count: int
) -> tuple[Floats, Integers, Flags]:
    """Return distances and numbers of the nearest points, and whether they are in the same layer, (n, count).

    One tree for all: the layers are so far from each other that points find neighbours in their own.
    """
    from scipy.spatial import cKDTree

    points = np.stack([x, y, layer * apart], axis=1)
    tree = cKDTree(points, balanced_tree=False, compact_nodes=False)
    distance, neighbour = map(np.asarray, tree.query(points, k=count + 1))
    # Of several at one place, the first may be another one than the point itself.
    return distance[:, 1:], neighbour[:, 1:], distance[:, 1:] < 0.9 * apart
