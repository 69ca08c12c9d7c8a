"""From counts of classes to a Pareto chart: values with intervals, the order of classes, what changed."""

from __future__ import annotations

import numpy as np

from defect_workbench.core.arrays import Floats
from defect_workbench.core.pareto.class_counts import Basis, ClassCounts, Measure
from defect_workbench.core.pareto.pareto_chart import Change, ParetoChart, value_text
from defect_workbench.core.text import and_more, counted
from defect_workbench.engine.pareto.count_intervals import (
    estimated_interval,
    poisson_interval,
    share_interval,
)
from defect_workbench.engine.pareto.lot_changes import ASSUMED_VARIATION, change_p_values, holm

LEVEL = 0.05


def analyse(counts: ClassCounts, measure: Measure = Measure.COUNT) -> ParetoChart:
    """Return the chart of counts in a measure.

    Groups of which no image has a class have no values. If only a part of a group's images has a class, its
    values are scaled to all of them, as if the reviewed ones were a random sample.

    Raises
    ------
    InputError
        If what the measure divides by is unknown for all groups.
    """
    counts.check(measure)
    number = counts.counts.astype(np.float64)
    exposure = _exposure(counts, measure)
    with np.errstate(invalid="ignore", divide="ignore"):
        weight = np.where(exposure > 0, 1 / exposure, np.nan)[:, None]
    values = number * weight
    if measure is Measure.SHARE:
        reviewed = np.broadcast_to(counts.reviewed[:, None], number.shape).astype(np.float64)
        low, high = share_interval(number, reviewed)
    else:
        low, high = poisson_interval(values, number * weight**2, np.broadcast_to(weight, number.shape))
        if measure is Measure.COUNT:
            low, high = _of_part(counts, low, high)
    together = _together(counts, measure, weight)
    total = together[0].sum()
    cumulative = np.cumsum(together[0]) / total if total > 0 else np.zeros(len(together[0]))
    changes, tests = _changes(counts, measure)
    return ParetoChart(
        counts,
        measure,
        values,
        low,
        high,
        *together,
        cumulative,
        counts.partial,
        changes,
        "" if changes else _verdict(counts, tests),
        (*counts.remarks, *_notes(counts, measure, tests)),
    )


def _exposure(counts: ClassCounts, measure: Measure) -> Floats:
    """Return what the counts of each group are divided by, (groups,): 0 where nothing was reviewed."""
    if measure is Measure.SHARE:
        return counts.reviewed.astype(np.float64)
    part = counts.reviewed_share
    if measure is Measure.COUNT:
        return part
    return part * (counts.wafers if measure is Measure.WAFER else counts.area_cm2)


def _of_part(counts: ClassCounts, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Return the intervals of counts; of partly reviewed groups, those of how many there are in the group."""
    part = np.flatnonzero((counts.reviewed < counts.totals) & (counts.reviewed > 0))
    if len(part):
        shape = (len(part), len(counts.classes))
        reviewed = np.broadcast_to(counts.reviewed[part, None], shape)
        totals = np.broadcast_to(counts.totals[part, None], shape)
        low, high = low.copy(), high.copy()
        low[part], high[part] = estimated_interval(counts.counts[part], reviewed, totals)
    return low, high


def _together(counts: ClassCounts, measure: Measure, weight: Floats) -> tuple[Floats, Floats, Floats]:
    """Return values and intervals of the classes over all groups with known values, (classes,) each."""
    known = np.isfinite(weight[:, 0])
    number = counts.counts[known].astype(np.float64)
    none = np.full(number.shape[1], np.nan)
    if not known.any():
        return none, none, none
    scale = 1 / counts.reviewed_share[known]
    if measure is Measure.SHARE:
        totals = counts.totals[known]
        values = (number * scale[:, None]).sum(axis=0) / totals.sum()
        # As many images as would give the same precision if all of them were a random sample.
        effective = totals.sum() ** 2 / (totals**2 / counts.reviewed[known]).sum()
        return values, *share_interval(values * effective, np.full(len(values), effective))
    divisor = {Measure.WAFER: counts.wafers, Measure.AREA: counts.area_cm2}.get(measure)
    scale = scale / (1.0 if divisor is None else divisor[known].sum())
    sums = (number * scale[:, None]).sum(axis=0)
    variances = (number * scale[:, None] ** 2).sum(axis=0)
    return sums, *poisson_interval(sums, variances, np.full(len(sums), scale.max()))


# Changes


def _changes(counts: ClassCounts, measure: Measure) -> tuple[tuple[Change, ...], int]:
    """Return the significant changes, and the number of comparisons."""
    unit = measure
    if measure is Measure.COUNT:
        # Lots differ in size: their counts alone say nothing about a change.
        unit = Measure.WAFER if np.isfinite(counts.wafers[counts.named]).all() else Measure.SHARE
    named = counts.named
    exposure = _exposure(counts, unit)[named]
    number = counts.counts[named]
    p_values, attainable = change_p_values(number, exposure, shares=unit is Measure.SHARE)
    corrected = holm(p_values, attainable, LEVEL)
    found = np.argwhere(np.nan_to_num(corrected, nan=1.0) < LEVEL)
    changes = []
    for group, class_ in found.tolist():
        before = np.flatnonzero(np.isfinite(exposure[:group]) & (exposure[:group] > 0))
        then = float(number[before, class_].sum() / exposure[before].sum())
        now = float(number[group, class_] / exposure[group])
        p = float(corrected[group, class_])
        words = _words(counts, group, class_, then, now, unit, p)
        changes.append(Change(group, class_, then, now, unit, p, float(p_values[group, class_]), words))
    changes.sort(key=lambda change: (change.group, change.p_value, change.class_))
    return tuple(changes), int(np.isfinite(p_values).sum())


def _words(
    counts: ClassCounts, group: int, class_: int, before: float, after: float, unit: Measure, p: float
) -> str:
    verb = "rose" if after > before else "fell"
    values = f"from {value_text(before, unit)} to {value_text(after, unit)}"
    per = f" of the {counts.noun}s" if unit is Measure.SHARE else f" per {unit.unit}"
    chance = "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.01 else f"p = {p:.2f}"
    where = place_name(counts.by, counts.groups[group])
    return f"{counts.classes[class_].name} {verb} {values}{per} in {where} ({chance})"


def place_name(by: str, group: str) -> str:
    """Return a group in words: `lot C`, but `Lot 7` if its name already says so."""
    return group if by.casefold() in group.casefold() else f"{by} {group}"


def _verdict(counts: ClassCounts, tests: int) -> str:
    if int(counts.named.sum()) < 2:
        return "there is only one group, so nothing can have changed"
    if not tests:
        return f"there is nothing to compare, as only one group has {counts.noun}s with a class"
    return f"no significant change in {counted(tests, 'comparison')}"


def _notes(counts: ClassCounts, measure: Measure, tests: int) -> tuple[str, ...]:
    notes = []
    if counts.partial:
        reviewed, total = int(counts.reviewed.sum()), int(counts.totals.sum())
        kind = "a confirmed class" if counts.basis is Basis.CONFIRMED else "a class"
        notes.append(
            f"{reviewed:,} of {counted(total, counts.noun)} have {kind}; values are estimates for all of "
            "them, as if those with a class were chosen at random"
        )
        empty = [
            name
            for name, done, all_ in zip(counts.groups, counts.reviewed, counts.totals, strict=True)
            if all_ and not done
        ]
        if empty:
            notes.append(f"no {counts.noun} of {and_more(empty, 3)} has {kind}, so there is no estimate")
    known = {Measure.WAFER: counts.wafers, Measure.AREA: counts.area_cm2}.get(measure)
    if known is not None and not np.isfinite(known).all():
        unknown = [name for name, each in zip(counts.groups, known, strict=True) if not np.isfinite(each)]
        what = "number of wafers" if measure is Measure.WAFER else "inspected area"
        notes.append(f"the {what} of {and_more(unknown, 3)} is unknown")
    if tests and int(counts.named.sum()) == 2:
        notes.append(
            "with only two groups, nothing shows how much they usually vary; "
            f"{ASSUMED_VARIATION:.0%} is assumed"
        )
    return tuple(notes)
