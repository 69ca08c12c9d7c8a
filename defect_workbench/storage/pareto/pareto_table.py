"""A Pareto chart as a table of numbers."""

from __future__ import annotations

from defect_workbench.core.pareto.class_counts import Measure
from defect_workbench.core.pareto.pareto_chart import ParetoChart
from defect_workbench.storage.files.csv_cells import safe_text, table_text

_UNITS = {Measure.WAFER: "per_wafer", Measure.AREA: "per_cm2", Measure.SHARE: "share"}


def pareto_csv(chart: ParetoChart, more: tuple[ParetoChart, ...] = ()) -> str:
    """Return one line per group and class: count, estimate for all images, values with 95% intervals, change.

    Parameters
    ----------
    chart : ParetoChart
        In counts.
    more : tuple of ParetoChart
        The same counts in other measures.
    """
    table = chart.counts
    header = [table.by, "class", "count", "images", "with_class", "wafers", "area_cm2"]
    header += ["estimate", "estimate_low", "estimate_high"]
    for other in more:
        unit = _UNITS[other.measure]
        header += [unit, f"{unit}_low", f"{unit}_high"]
    header += ["change", "p"]
    changes = {(change.group, change.class_): change for change in chart.changes}
    lines = []
    for group, name in enumerate(table.groups):
        for number, each in enumerate(table.classes):
            change = changes.get((group, number))
            cells = [safe_text(name), safe_text(each.name)]
            cells += [str(int(table.counts[group, number])), str(int(table.totals[group]))]
            cells.append(str(int(table.reviewed[group])))
            cells += [_cell(table.wafers[group]), _cell(table.area_cm2[group])]
            for other in (chart, *more):
                cells += [_cell(values[group, number]) for values in (other.values, other.low, other.high)]
            cells.append("" if change is None else "rose" if change.rose else "fell")
            cells.append("" if change is None else f"{change.p_value:.3g}")
            lines.append(cells)
    return table_text([safe_text(header[0]), *header[1:]], lines)


def _cell(value: float) -> str:
    return "" if value != value else f"{value:.6g}"
