"""The page of a report with a Pareto chart."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from defect_workbench.core.pareto.pareto_chart import ParetoChart, value_text
from defect_workbench.core.text import sentence_case
from defect_workbench.storage.report.report_content import ReportFigure, ReportFigures, ReportTable

if TYPE_CHECKING:
    from defect_workbench.storage.report.report_content import Section

_POINTS = (503.0, 193.0)
_MOST_CLASSES, _MOST_GROUPS, _LONGEST_NAME = 8, 30, 36


def pareto_sections(chart: ParetoChart) -> tuple[Section, ...]:
    """Return the drawing of a chart, its changes in words, and its table."""
    from defect_workbench.storage.pareto.pareto_figure import pareto_file

    title = f"Pareto by {chart.counts.by}"
    words = " ".join(f"{sentence_case(each)}." for each in chart.findings)
    notes = " ".join(f"{sentence_case(note)}." for note in chart.notes)
    caption = " ".join(filter(None, (words, notes, "The lines at the bars are 95% intervals.")))
    figure = ReportFigure(caption, partial(pareto_file, chart, words=False), _POINTS)
    return ReportFigures(title, (figure,)), _table(chart)


def _table(chart: ParetoChart) -> ReportTable:
    """Return values and intervals per group, of the commonest classes."""
    counts = chart.counts
    classes = range(min(len(counts.classes), _MOST_CLASSES))
    groups = range(max(0, len(counts.groups) - _MOST_GROUPS), len(counts.groups))
    header = (
        _short(sentence_case(counts.by)),
        "Images",
        *(_short(counts.classes[number].name) for number in classes),
    )
    rows = tuple(
        (
            counts.groups[group],
            f"{int(counts.totals[group]):,}",
            *(_cell(chart, group, number) for number in classes),
        )
        for group in groups
    )
    left_out = []
    if len(counts.groups) > len(rows):
        left_out.append(f"{len(counts.groups) - len(rows):,} earlier groups")
    if len(counts.classes) > len(classes):
        left_out.append(f"{len(counts.classes) - len(classes):,} rarer classes")
    after = f"Not shown: {' and '.join(left_out)}." if left_out else ""
    title = f"{sentence_case(chart.axis)} by {counts.by}"
    numbers = frozenset(range(1, len(header)))
    return ReportTable(title, header, rows, "", numbers, after, part=True)


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1].rstrip()}…"


def _cell(chart: ParetoChart, group: int, number: int) -> str:
    value = chart.values[group, number]
    if value != value:
        return "–"
    measure = chart.measure
    low, high = chart.low[group, number], chart.high[group, number]
    return f"{value_text(value, measure)} ({value_text(low, measure)}–{value_text(high, measure)})"
