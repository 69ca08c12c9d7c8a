"""Bar charts of slides, with their numbers in an embedded workbook, so that they can be edited."""

from __future__ import annotations

import datetime
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE, XL_LABEL_POSITION, XL_TICK_LABEL_POSITION, XL_TICK_MARK
from pptx.util import Inches, Pt
from xlsxwriter import Workbook

from defect_workbench.storage.files.fixed_archives import TIME, with_fixed_times
from defect_workbench.storage.report.slides.slide_shapes import INK, SOFT, Box, colour, describe
from defect_workbench.storage.report.text_fitting import shortened

_SERIES = "Images"
_ROW = 0.5  # inches that a bar takes at most
_LABELS = 3.2


@dataclass(frozen=True)
class Bar:
    """A bar: its name, its number of images or another value, its colour as #RRGGBB."""

    name: str
    images: float
    colour: str


def add_bars(
    shapes: Any,
    bars: Sequence[Bar],
    box: Box,
    number_format: str = "#,##0",
    subject: str = "Images per cluster",
) -> None:
    """Add horizontal bars, the first one on top.

    Parameters
    ----------
    number_format : str
        Of the values, as in a spreadsheet.
    subject : str
        What the values are, for those who do not see the bars.
    """
    left, top, width, height = box
    height = min(height, _ROW * len(bars) + 0.2)
    size = 14.0 if len(bars) <= 12 else 11.0
    names = [shortened(bar.name, 72 * _LABELS, size) for bar in bars]
    data = CategoryChartData(number_format=number_format)
    data.categories = names
    data.add_series(_SERIES, [bar.images for bar in bars])
    place = (Inches(value) for value in (left, top, width, height))
    frame = shapes.add_chart(XL_CHART_TYPE.BAR_CLUSTERED, *place, data)
    describe(frame, f"{subject}: " + ", ".join(f"{b.name} {b.images:,.10g}" for b in bars))
    chart = frame.chart
    chart.part.chart_workbook.update_from_xlsx_blob(_workbook(names, bars))
    chart.has_legend = chart.has_title = False
    chart.font.size, chart.font.color.rgb = Pt(size), colour(INK)
    plot = chart.plots[0]
    plot.gap_width, plot.vary_by_categories = 35, False
    plot.has_data_labels = True
    plot.data_labels.number_format, plot.data_labels.number_format_is_linked = number_format, False
    plot.data_labels.position = XL_LABEL_POSITION.OUTSIDE_END
    for number, bar in enumerate(bars):
        fill = plot.series[0].points[number].format.fill
        fill.solid()
        fill.fore_color.rgb = colour(bar.colour)
    values, categories = chart.value_axis, chart.category_axis
    values.visible = values.has_major_gridlines = False
    values.minimum_scale = 0
    categories.reverse_order = True
    categories.major_tick_mark = XL_TICK_MARK.NONE
    categories.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    categories.format.line.color.rgb = colour(SOFT)


def _workbook(names: Sequence[str], bars: Sequence[Bar]) -> bytes:
    """Return the workbook that the chart refers to; a name that looks like a formula stays text."""
    stream = io.BytesIO()
    plain = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with Workbook(stream, {"in_memory": True, **plain}) as book:
        book.set_properties({"created": datetime.datetime(*TIME)})  # noqa: DTZ001
        sheet = book.add_worksheet()
        sheet.write_string(0, 1, _SERIES)
        for row, (name, bar) in enumerate(zip(names, bars, strict=True), start=1):
            sheet.write_string(row, 0, name)
            sheet.write_number(row, 1, bar.images)
    return with_fixed_times(stream.getvalue())
