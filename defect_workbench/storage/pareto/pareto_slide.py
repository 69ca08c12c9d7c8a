"""Slides with a Pareto chart that PowerPoint can edit: stacked bars per group, changes, bars per class."""

from __future__ import annotations

import datetime
import io
from collections.abc import Sequence
from typing import Any

from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE, XL_LEGEND_POSITION, XL_TICK_MARK
from pptx.util import Inches, Pt
from xlsxwriter import Workbook

from defect_workbench.core.pareto.class_counts import Measure
from defect_workbench.core.pareto.drawn_chart import DrawnChart, drawn_chart
from defect_workbench.core.pareto.pareto_chart import ParetoChart
from defect_workbench.core.text import sentence_case
from defect_workbench.storage.files.fixed_archives import TIME, with_fixed_times
from defect_workbench.storage.report.slides.slide_chart import Bar, add_bars
from defect_workbench.storage.report.slides.slide_deck import Deck
from defect_workbench.storage.report.slides.slide_shapes import (
    INK,
    RULE,
    SOFT,
    Box,
    add_text,
    colour,
    describe,
)
from defect_workbench.storage.report.text_fitting import LINE_HEIGHT, clean, line_count, paragraphs, shortened

_LEFT, _TOP, _INNER, _BOTTOM = 0.6, 1.5, 12.133, 6.9
_ASIDE = 3.5
_MOST_CHANGES = 8


def pareto_slides_file(chart: ParetoChart, subject: str, created: datetime.date) -> bytes:
    """Return a presentation with the chart: by group with the changes, and by class."""
    deck = Deck(subject, created)
    add_pareto_slide(deck, chart)
    drawn = drawn_chart(chart)
    if drawn.classes:
        shapes = deck.add(["All groups together"], (_LEFT, 0.45, _INNER, 0.6), 28)
        add_text(shapes, (_LEFT, 1.05, _INNER, 0.3), sentence_case(chart.axis), 14, ink=SOFT)
        bars = [Bar(clean(each.name), drawn.height(each), each.colour) for each in drawn.classes]
        box = (_LEFT, 1.6, _INNER, _BOTTOM - 1.6)
        add_bars(shapes, bars, box, _format(chart), sentence_case(chart.axis))
        deck.add_footer(shapes)
    return deck.file()


def add_pareto_slide(deck: Deck, chart: ParetoChart) -> None:
    """Add the slide of a chart to a presentation: stacked bars per group, beside them what changed."""
    drawn = drawn_chart(chart)
    title = shortened(f"Pareto by {clean(chart.counts.by)}", 72 * _INNER, 28, bold=True)
    shapes = deck.add([title], (_LEFT, 0.45, _INNER, 0.6), 28)
    add_text(shapes, (_LEFT, 1.05, _INNER, 0.3), sentence_case(chart.axis), 14, ink=SOFT)
    width = _INNER - _ASIDE - 0.3
    if drawn.classes and drawn.groups:
        _add_stacked(shapes, drawn, (_LEFT, _TOP, width, _BOTTOM - _TOP))
    _add_words(shapes, _words(drawn), _LEFT + width + 0.3)
    deck.add_footer(shapes)


def _words(drawn: DrawnChart) -> list[tuple[str, list[str]]]:
    chart = drawn.chart
    changes = [f"{sentence_case(clean(each))}." for each in chart.findings]
    if len(changes) > _MOST_CHANGES:
        changes = [*changes[:_MOST_CHANGES], f"{len(changes) - _MOST_CHANGES} more changes."]
    notes = [f"{sentence_case(clean(note))}." for note in (*chart.notes, drawn.left_out) if note]
    return [("Changes", changes), *([("Notes", notes)] if notes else [])]


def _add_words(shapes: Any, blocks: Sequence[tuple[str, list[str]]], left: float) -> None:
    top = _TOP
    for heading, texts in blocks:
        add_text(shapes, (left, top, _ASIDE, 0.28), heading, 13, bold=True)
        top += 0.34
        for text in texts:
            room = int((_BOTTOM - top) * 72 / (12 * LINE_HEIGHT))
            if room < 1:
                return
            lines = paragraphs(text, 72 * _ASIDE, 12, room)
            height = sum(line_count(line, 72 * _ASIDE, 12) for line in lines) * 12 * LINE_HEIGHT / 72
            add_text(shapes, (left, top, _ASIDE, height), lines, 12)
            top += height + 0.08
        top += 0.15


def _format(chart: ParetoChart) -> str:
    if chart.measure is Measure.SHARE:
        return "0%"
    return "#,##0" if chart.measure is Measure.COUNT else "#,##0.0"


def _add_stacked(shapes: Any, drawn: DrawnChart, box: Box) -> None:
    """Add stacked columns, one per group, with their numbers in an embedded workbook."""
    chart = drawn.chart
    number_format = _format(chart)
    names = [shortened(clean(name), 140, 11) or "–" for name in drawn.names]
    classes = [shortened(clean(each.name), 150, 11) or "–" for each in drawn.classes]
    data = CategoryChartData(number_format=number_format)
    data.categories = names
    rows = [[drawn.height(each, place) for place in range(len(names))] for each in drawn.classes]
    for name, values in zip(classes, rows, strict=True):
        data.add_series(name, values)
    frame = shapes.add_chart(XL_CHART_TYPE.COLUMN_STACKED, *(Inches(value) for value in box), data)
    totals = ", ".join(
        f"{name} {sum(row[place] for row in rows):,.4g}" for place, name in enumerate(drawn.names)
    )
    describe(frame, f"{sentence_case(chart.axis)} by {chart.counts.by}: {totals}")
    drawing = frame.chart
    drawing.part.chart_workbook.update_from_xlsx_blob(_workbook(names, classes, rows))
    drawing.has_title, drawing.has_legend = False, True
    drawing.legend.position, drawing.legend.include_in_layout = XL_LEGEND_POSITION.BOTTOM, False
    drawing.font.size, drawing.font.color.rgb = Pt(11), colour(INK)
    plot = drawing.plots[0]
    plot.gap_width, plot.overlap = 40, 100
    for series, each in zip(plot.series, drawn.classes, strict=True):
        series.format.fill.solid()
        series.format.fill.fore_color.rgb = colour(each.colour)
    axis = drawing.value_axis
    axis.minimum_scale = 0
    axis.tick_labels.number_format, axis.tick_labels.number_format_is_linked = number_format, False
    axis.major_gridlines.format.line.color.rgb = colour(RULE)
    axis.format.line.fill.background()
    if chart.measure is Measure.SHARE:
        axis.maximum_scale = 1
    drawing.category_axis.major_tick_mark = XL_TICK_MARK.NONE
    drawing.category_axis.format.line.color.rgb = colour(SOFT)


def _workbook(names: Sequence[str], classes: Sequence[str], rows: Sequence[Sequence[float]]) -> bytes:
    """Return the workbook that the chart refers to; a name that looks like a formula stays text."""
    stream = io.BytesIO()
    plain = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with Workbook(stream, {"in_memory": True, **plain}) as book:
        book.set_properties({"created": datetime.datetime(*TIME)})  # noqa: DTZ001
        sheet = book.add_worksheet()
        for row, name in enumerate(names, start=1):
            sheet.write_string(row, 0, name)
        for column, (name, values) in enumerate(zip(classes, rows, strict=True), start=1):
            sheet.write_string(0, column, name)
            for row, value in enumerate(values, start=1):
                sheet.write_number(row, column, value)
    return with_fixed_times(stream.getvalue())
