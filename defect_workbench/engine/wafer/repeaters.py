"""Repeaters: defects at the same position of several dies, as a fault of the mask leaves them."""

from __future__ import annotations

import numpy as np

from defect_workbench.core.arrays import Flags, Floats, Integers
from defect_workbench.core.wafer.placement import Repeater
from defect_workbench.core.wafer.wafer_places import WaferPlaces

# How exactly inspection tools repeat a position, in µm.
TOLERANCE_UM = 10.0
FEWEST_DIES = 3
# The probability that chance alone makes any repeater of a set.
_LEVEL = 0.001
# Rings around a position in which its density is measured: radius in tolerances, and the fewest defects.
# Small rings follow the edges of dense areas, but say nothing with a few defects.
_RINGS = ((2.0, 10), (4.0, 10), (10.0, 0))
_MOST_CANDIDATES = 2000


def find_repeaters(
    places: WaferPlaces, tolerance_um: float = TOLERANCE_UM, fewest_dies: int = FEWEST_DIES
) -> tuple[Repeater, ...]:
    """Return the positions in the die at which more dies have a defect than chance explains.

    Dies are counted by column and row, over all wafers: the same die on several wafers counts once, as what
    repeats there may be the stage or the chuck. By chance, the number at a position follows a Poisson
    distribution with the density of all defects in the die, or with that around the position where it is
    higher; it is corrected for the number of positions (Bonferroni).

    Parameters
    ----------
    tolerance_um : float
        How far defects may be from the position.
    fewest_dies : int

    Returns
    -------
    tuple of Repeater
        Those on most dies first; each defect is in one of them at most.
    """
    known = np.isfinite(places.in_die_x_um) & np.isfinite(places.in_die_y_um)
    known &= np.isfinite(places.die_x) & np.isfinite(places.die_y) & (places.wafer_of >= 0)
    images = np.flatnonzero(known)
    if len(images) < fewest_dies:
        return ()
    points = np.stack([places.in_die_x_um[images], places.in_die_y_um[images]], axis=1)
    dies = np.stack([places.die_x[images], places.die_y[images]], axis=1)
    die = np.unique(dies, axis=0, return_inverse=True)[1].reshape(-1)
    from scipy.spatial import cKDTree

    tree = cKDTree(points)
    steps = [_step(points[:, axis], tolerance_um) for axis in (0, 1)]
    # Rounded positions are equal more often than exact ones.
    cell = max(np.pi * tolerance_um**2, steps[0] * steps[1])
    reach = max(tolerance_um, *steps)
    numbers = np.asarray(tree.query_ball_point(points, tolerance_um, return_length=True))
    expected = _expected(points, tree, numbers, cell, reach, len(points))
    tails = _poisson_tail(numbers, expected) * len(points)
    candidates = np.flatnonzero((numbers >= fewest_dies) & (tails <= _LEVEL))
    candidates = candidates[np.argsort(-numbers[candidates], kind="stable")]
    return _separate(points, images, die, tails, candidates, tolerance_um, fewest_dies)


def _expected(
    points: Floats, tree: object, numbers: Integers, cell: float, reach: float, count: int
) -> Floats:
    """Return how many other defects are expected by chance within the tolerance of each, (n,)."""
    from scipy.spatial import cKDTree

    assert isinstance(tree, cKDTree)
    area = max(float(np.prod(np.ptp(points, axis=0))), cell)
    expected = np.full(count, (count - 1) * cell / area)
    for times, fewest in _RINGS:
        around = np.asarray(tree.query_ball_point(points, times * reach, return_length=True)) - numbers
        ring = max(np.pi * (times * reach) ** 2 - cell, cell)
        expected = np.maximum(expected, np.where(around >= fewest, around * cell / ring, 0.0))
    return expected


def _poisson_tail(numbers: Integers, expected: Floats) -> Floats:
    """Return the probability of at least as many others as there are, (n,)."""
    from scipy.stats import poisson

    return np.asarray(poisson.sf(numbers - 2, expected), np.float64)


def _step(values: Floats, tolerance_um: float) -> float:
    """Return the step to which values are rounded, if it exceeds the tolerance, else the tolerance."""
    gaps = np.diff(np.unique(values))
    return max(float(gaps.min(initial=np.inf)) if len(gaps) else 0.0, tolerance_um)


def _separate(
    points: Floats,
    images: Integers,
    die: Integers,
    tails: Floats,
    candidates: Integers,
    tolerance_um: float,
    fewest_dies: int,
) -> tuple[Repeater, ...]:
    """Return repeaters that share no defect, of the positions in this order."""
    from scipy.spatial import cKDTree

    free: Flags = np.ones(len(points), bool)
    tree = cKDTree(points)
    found = []
    for candidate in candidates[:_MOST_CANDIDATES].tolist():
        near = np.array(tree.query_ball_point(points[candidate], tolerance_um), np.intp)
        near = near[free[near]]
        repeated = len(np.unique(die[near]))
        if not free[candidate] or repeated < fewest_dies:
            continue
        x, y = points[near].mean(axis=0).tolist()
        members = tuple(np.sort(images[near]).tolist())
        p = min(float(tails[candidate]), 1.0)
        free[near] = False
        found.append(Repeater(x, y, members, repeated, p))
    return tuple(sorted(found, key=lambda each: (-each.dies, each.x_um, each.y_um)))
