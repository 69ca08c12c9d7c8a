"""Where the clusters lie on their wafers, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from defect_workbench.core.arrays import Flags, Floats, Integers
from defect_workbench.core.progress import Reporter
from defect_workbench.core.wafer.placement import SIGNIFICANT, PlacementFinding, Signature
from defect_workbench.core.wafer.project_places import diameter_mm, wafer_labels
from defect_workbench.core.wafer.wafer_places import WaferPlaces
from defect_workbench.engine.wafer.label_shuffles import (
    FEWEST,
    STATISTICS,
    Statistic,
    compare_with_shuffled,
)
from defect_workbench.engine.wafer.shapes import (
    ENOUGH_FOR_A_BEND,
    Group,
    excess_arc,
    excess_interval,
    largest_group,
)

# A group in which fewer of a cluster's defects are is a part of it.
_MOST_OF_IT = 0.5
# The difference of two shares that is worth a name.
_CLEAR = 0.15
_ARC_OF_A_SPOT = 0.7
# Of the strongest deviation; others so strong are not merely its mirror image.
_AS_STRONG = 0.75


def placement_findings(
    places: WaferPlaces,
    cluster_of: Integers,
    labels: Sequence[str],
    reporter: Reporter,
    seed: int = 0,
) -> tuple[PlacementFinding, ...]:
    """Return what the placement of each cluster shows, in the order of the clusters.

    Parameters
    ----------
    cluster_of : (n,) int
        The cluster of each image; -1 for outliers, which count as other defects.
    labels : sequence of str
        Names of the clusters.
    seed : int
        Of the shuffles; the same seed gives the same findings.

    Raises
    ------
    Cancelled
        If the user cancels.
    """
    known = places.known
    x, y = places.x_um[known], places.y_um[known]
    wafer, cluster = places.wafer_of[known].astype(np.intp), cluster_of[known].astype(np.intp)
    every = _Pool(
        np.stack([x, y], axis=1),
        wafer,
        cluster,
        wafer_labels(places.wafers),
        500 * diameter_mm(places),
        seed,
    )
    described = _all_described(every, reporter)
    sizes = np.bincount(cluster[cluster >= 0], minlength=len(labels)).tolist()
    return tuple(
        PlacementFinding(number, label, sizes[number], *described[number])
        if number in described
        else _untested(number, label, sizes[number])
        for number, label in enumerate(labels)
    )


@dataclass(frozen=True, eq=False)
class _Pool:
    """All defects with a known place, and what their wafers are called."""

    points: Floats
    wafer_of: Integers
    cluster_of: Integers
    names: Sequence[str]
    radius_um: float
    seed: int

    def without(self, clusters: Sequence[int]) -> _Pool:
        """Return the defects that belong to none of some clusters."""
        left = ~np.isin(self.cluster_of, clusters)
        return replace(
            self,
            points=self.points[left],
            wafer_of=self.wafer_of[left],
            cluster_of=self.cluster_of[left],
        )


_Description = tuple[Signature, str, str, float]


def _all_described(pool: _Pool, reporter: Reporter) -> dict[int, _Description]:
    """Return the description of each cluster that can be tested.

    The strongest are set aside and the rest is compared again, without them: beside many defects near the
    edge, any other cluster would be conspicuous as being away from it.
    """
    described: dict[int, _Description] = {}
    least = 0.0
    while True:
        result = compare_with_shuffled(
            pool.points[:, 0], pool.points[:, 1], pool.wafer_of, pool.cluster_of, reporter, pool.seed
        )
        significant = np.asarray((result.adjusted <= SIGNIFICANT).any(axis=1))
        strength = np.where(result.adjusted <= SIGNIFICANT, result.z, -np.inf).max(axis=1, initial=-np.inf)
        strongest = significant & (strength >= _AS_STRONG * strength.max(initial=0.0))
        now = np.flatnonzero(strongest if significant.any() else np.ones(len(result.clusters), bool))
        for row in now.tolist():
            reporter.check()
            number = int(result.clusters[row])
            # A later comparison must not be more certain than an earlier one.
            adjusted = np.maximum(result.adjusted[row], least).tolist()
            tests = dict(zip(STATISTICS, adjusted, strict=True))
            own = pool.cluster_of == number
            described[number] = _described(pool, own, tests, result.neighbours[row])
        if not significant.any():
            return described
        least = max(least, float(result.adjusted[now].min(axis=1).max()))
        pool = pool.without(result.clusters[now].tolist())


def _untested(number: int, label: str, defects: int) -> PlacementFinding:
    if defects >= FEWEST:
        words = "there are no other defects to compare with"
    else:
        words = f"too few defects with a known place to say ({defects:,}; {FEWEST} are needed)"
    return PlacementFinding(number, label, defects, Signature.FEW, words, "", float("nan"))


def _described(pool: _Pool, own: Flags, tests: dict[Statistic, float], close: str) -> _Description:
    """Return signature, words, effect and p of a cluster; the most specific signature takes precedence."""
    deviating = {statistic for statistic, p in tests.items() if p <= SIGNIFICANT}
    near, group = tests[Statistic.NEIGHBOURS], None
    if deviating & {Statistic.NEIGHBOURS, Statistic.WAFERS}:
        group = largest_group(
            pool.points[own], pool.wafer_of[own], pool.points, pool.wafer_of, pool.radius_um, pool.seed
        )
        is_ring = group is not None and group.is_concentric and Statistic.RADIUS in deviating
        if group is not None and not is_ring and _has_a_shape(group, int(own.sum()), pool.radius_um):
            if Statistic.NEIGHBOURS in deviating:
                return (*_of_group(pool, own, group, close), near)
            if group.is_line:
                # The others are so dense that a scratch shows only in the number on its wafer.
                return (*_of_group(pool, own, group, ""), tests[Statistic.WAFERS])
    if Statistic.RADIUS in deviating:
        found = _of_radius(pool, own)
        if found is not None:
            signature, words, effect = found
            if Statistic.ANGLE in deviating and (arc := _of_angle(pool, own)) is not None:
                words, effect = f"{words}, {arc[0]}", f"{effect}; {arc[1]}"
            return signature, words, effect, tests[Statistic.RADIUS]
    if Statistic.ANGLE in deviating and (arc := _of_angle(pool, own)) is not None:
        return Signature.SECTOR, f"in one sector, {arc[0]}", arc[1], tests[Statistic.ANGLE]
    if Statistic.NEIGHBOURS in deviating:
        if group is not None and not group.is_line and group.extent_um < pool.radius_um:
            return (*_of_group(pool, own, group, close), near)
        return Signature.CLOSE, "closer together than the other defects", close, near
    if Statistic.WAFERS in deviating:
        return (*_of_wafers(pool, own), tests[Statistic.WAFERS])
    for statistic in (Statistic.RADIUS, Statistic.ANGLE):
        if statistic in deviating:
            words = "spread over the wafer differently from the other defects"
            return Signature.RING, words, "", tests[statistic]
    return Signature.RANDOM, "no different from the other defects", "", min(tests.values())


def _has_a_shape(group: Group, defects: int, radius_um: float) -> bool:
    """Whether a group is a line, or a spot that holds most of a cluster."""
    most = len(group.members) >= _MOST_OF_IT * defects
    if group.is_line:
        # Few points out of many lie on a line by chance.
        return most or len(group.members) >= ENOUGH_FOR_A_BEND
    return most and group.extent_um < _ARC_OF_A_SPOT * radius_um


def _of_group(pool: _Pool, own: Flags, group: Group, close: str) -> tuple[Signature, str, str]:
    count, defects = len(group.members), int(own.sum())
    wafer = pool.names[group.wafer]
    part = "" if count >= _MOST_OF_IT * defects else "partly "
    extent = f"{group.extent_um / 1000:.{0 if group.extent_um >= 10_000 else 1}f} mm"
    if group.is_line:
        words, where = f"{part}along a line on {wafer}", f"along {extent}"
        signature = Signature.LINE
    else:
        words, where = f"{part}in one spot on {wafer}", f"within {extent}"
        signature = Signature.SPOT
    return signature, words, "; ".join(filter(None, (f"{count:,} of {defects:,} defects {where}", close)))


def _of_radius(pool: _Pool, own: Flags) -> tuple[Signature, str, str] | None:
    radius = np.hypot(*pool.points.T)
    excess = excess_interval(radius[own], radius[~own])
    if excess.share - excess.others < _CLEAR:
        return None
    low, high, whole = excess.low / 1000, excess.high / 1000, pool.radius_um / 1000
    furthest = float(radius.max()) / 1000
    shares = f"of the others {excess.others:.0%}"
    if high >= min(0.95 * whole, 0.98 * furthest) and low > whole / 3:
        return (
            Signature.EDGE, "in a ring near the edge",
            f"{excess.share:.0%} beyond {low:.0f} mm from the centre, {shares}",
        )  # fmt: skip
    if low <= 0.15 * whole:
        words = "near the centre" if high < 0.6 * whole else "away from the edge"
        effect = f"{excess.share:.0%} within {high:.0f} mm of the centre, {shares}"
        return Signature.CENTRE, words, effect
    effect = f"{excess.share:.0%} from {low:.0f} to {high:.0f} mm from the centre, {shares}"
    return Signature.RING, "in a ring", effect


def _of_angle(pool: _Pool, own: Flags) -> tuple[str, str] | None:
    angle = np.arctan2(pool.points[:, 1], pool.points[:, 0])
    arc = excess_arc(angle[own], angle[~own])
    if arc.share - arc.others < _CLEAR:
        return None
    # Clockwise, as on a clock.
    begin, end = clock(arc.high), clock(arc.low)
    words = f"around {clock((arc.low + arc.high) / 2)} o'clock"
    between = f"between {begin} and {end} o'clock" if begin != end else f"at {begin} o'clock"
    return words, f"{arc.share:.0%} {between}, of the others {arc.others:.0%}"


def clock(degrees: float) -> int:
    """Return the hour at which a clock on the wafer shows an angle, counted from the right, anticlockwise."""
    return round((90 - degrees) % 360 / 30) % 12 or 12


def _of_wafers(pool: _Pool, own: Flags) -> tuple[Signature, str, str]:
    size = len(pool.names)
    mine = np.bincount(pool.wafer_of[own], minlength=size)
    every = np.bincount(pool.wafer_of[~own], minlength=size)
    shares = mine / mine.sum(), every / max(every.sum(), 1)
    best = int((shares[0] - shares[1]).argmax())
    words = f"{'mostly' if shares[0][best] >= _MOST_OF_IT else 'more often'} on {pool.names[best]}"
    effect = f"{mine[best]:,} of {mine.sum():,} defects, {shares[1][best]:.0%} of the others"
    return Signature.WAFER, words, effect
