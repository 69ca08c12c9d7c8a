"""The shape in which defects lie on a wafer: groups, lines, rings and sectors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from defect_workbench.core.arrays import Floats, Integers

FEWEST = 5
# Of the distance that neighbours would have on average if they were spread evenly.
_LINK = 0.7
# The length of a line in standard deviations of the distance from it; an even spot has about 3.5.
_SLENDER = 12.0
_DRAWS = 40
# Of the radius of the wafer.
_EDGE = 0.85
ENOUGH_FOR_A_BEND = 8


@dataclass(frozen=True, eq=False)
class Group:
    """Defects of a cluster that are close together on one wafer.

    Attributes
    ----------
    members : (m,) int
        Positions in the arrays that were searched.
    wafer : int
    extent_um : float
        Length of the line, or the largest distance within a spot.
    is_line : bool
    is_concentric : bool
        Whether it lies along a circle around the centre of the wafer.
    """

    members: Integers
    wafer: int
    extent_um: float
    is_line: bool
    is_concentric: bool


def largest_group(
    points: Floats, wafer_of: Integers, pool: Floats, pool_wafer: Integers, radius_um: float, seed: int
) -> Group | None:
    """Return the largest group of defects that are close together; None if chance explains its size.

    Parameters
    ----------
    points : (m, 2) float64
        Places of the cluster's defects, in µm from the centre.
    wafer_of : (m,) int
    pool, pool_wafer : (n, 2) float64, (n,) int
        All defects; groups of as many of them, drawn at random, must be smaller.
    radius_um : float
        Of the wafer.
    """
    rng = np.random.default_rng(seed)
    best: Integers = np.empty(0, np.intp)
    for wafer in np.unique(wafer_of).tolist():
        own = np.flatnonzero(wafer_of == wafer)
        if len(own) <= len(best):
            continue
        link = _LINK * 0.5 * np.sqrt(np.pi * radius_um**2 / len(own))
        group = _largest_component(points[own], link)
        others = np.flatnonzero(pool_wafer == wafer)
        # Where nearly all defects of the wafer belong to the cluster, those of the other wafers compare.
        others = others if len(others) >= 2 * len(own) else np.arange(len(pool))
        size = min(len(own), len(others))
        by_chance = max(
            len(_largest_component(pool[rng.choice(others, size, replace=False)], link))
            for _ in range(_DRAWS)
        )
        if len(group) >= FEWEST and len(group) > max(by_chance, len(best)):
            best = own[group]
    return _group(points, best, int(wafer_of[best[0]]), radius_um) if len(best) else None


def _largest_component(points: Floats, link: float) -> Integers:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    pairs = cKDTree(points).query_pairs(link, output_type="ndarray")
    ones = np.ones(len(pairs), np.int8)
    graph = coo_array((ones, (pairs[:, 0], pairs[:, 1])), shape=(len(points), len(points)))
    label = connected_components(graph, directed=False)[1]
    return np.flatnonzero(label == np.bincount(label).argmax())


def _group(points: Floats, members: Integers, wafer: int, wafer_radius: float) -> Group:
    places = points[members]
    centred = places - places.mean(axis=0)
    axes = np.linalg.svd(centred, full_matrices=False)[2]
    along, across = (centred @ axes.T).T
    # A slight bend is usual for a scratch.
    bend = 2 if len(members) >= ENOUGH_FOR_A_BEND else 1
    scale = max(float(np.abs(along).max()), 1e-9)
    rest = across - np.polyval(np.polyfit(along / scale, across, bend), along / scale)
    width = float(np.sqrt((rest**2).sum() / (len(members) - bend - 1)))
    length = float(np.ptp(along))
    is_line = length > _SLENDER * width
    from scipy.spatial.distance import pdist

    sample = places[:: max(1, len(places) // 500)]
    radius = np.hypot(*places.T)
    # A short arc is a scratch, unless it is near the edge.
    is_arc = radius.mean() > _EDGE * wafer_radius or length > 1.4 * radius.mean()
    return Group(
        members,
        wafer,
        length if is_line else float(pdist(sample).max(initial=0.0)),
        is_line,
        is_concentric=bool(is_arc and radius.std() <= 1.5 * width),
    )


@dataclass(frozen=True)
class Excess:
    """The interval in which a cluster has the largest excess over the other defects.

    Attributes
    ----------
    low, high : float
        Its ends.
    share, others : float
        Of the cluster's defects, and of the other defects, in it.
    """

    low: float
    high: float
    share: float
    others: float


def excess_interval(values: Floats, others: Floats) -> Excess:
    """Return the interval of values, (n,) float64, with the largest excess over others, (m,) float64."""
    edges = np.unique(np.concatenate([values, others]))
    own, rest = _cumulated(values, edges), _cumulated(others, edges)
    gain = np.concatenate([[0.0], own - rest])
    lowest = np.minimum.accumulate(gain)
    end = int((gain - lowest).argmax())
    begin = int(gain[: end + 1].argmin())
    cumulated = [np.concatenate([[0.0], each]) for each in (own, rest)]
    shares = [float(each[end] - each[begin]) for each in cumulated]
    return Excess(float(edges[min(begin, len(edges) - 1)]), float(edges[max(end - 1, 0)]), *shares)


def _cumulated(values: Floats, edges: Floats) -> Floats:
    return np.searchsorted(np.sort(values), edges, side="right") / max(len(values), 1)


def excess_arc(angles: Floats, others: Floats) -> Excess:
    """Return the arc, at most a half circle, with the largest excess.

    Parameters
    ----------
    angles, others : (n,) and (m,) float64
        In radians; the ends of the arc are in degrees.
    """
    step, bins = 10, 36
    shares = [
        np.bincount((np.degrees(each) % 360 // step).astype(np.intp), minlength=bins) / max(len(each), 1)
        for each in (angles, others)
    ]
    own, rest = (np.concatenate([[0.0], np.cumsum(np.tile(each, 2))]) for each in shares)
    gain = own - rest
    ends = [(begin, begin + width) for begin in range(bins) for width in range(1, bins // 2 + 1)]
    # Of equal ones the narrowest.
    begin, end = max(ends, key=lambda pair: (round(gain[pair[1]] - gain[pair[0]], 9), pair[0] - pair[1]))
    return Excess(begin * step, end * step, float(own[end] - own[begin]), float(rest[end] - rest[begin]))
