"""The window, the figures of reports and the slides show the same bars in the same order."""

import datetime
import io
import re
from itertools import groupby

import pytest
from pptx import Presentation
from PySide6.QtCore import QRectF
from PySide6.QtGui import QFontMetricsF, QGuiApplication
from pytestqt.qtbot import QtBot

from defect_workbench.core.pareto.class_counts import Basis, Measure
from defect_workbench.core.pareto.counting import count
from defect_workbench.core.pareto.pareto_chart import ParetoChart
from defect_workbench.engine.pareto.pareto_analysis import analyse
from defect_workbench.gui.pareto.chart_layout import ChartLayout, ChartStyle, lay_out
from defect_workbench.storage.pareto.pareto_figure import pareto_file, trend_file
from defect_workbench.storage.pareto.pareto_slide import pareto_slides_file
from tests.unit.pareto.lots import lot_images

# Colour and height of a bar, as a share of the axis.
Bars = list[tuple[str, float]]


@pytest.fixture(scope="module", params=[Measure.COUNT, Measure.SHARE])
def chart(request: pytest.FixtureRequest) -> ParetoChart:
    """Fourteen classes, of which the three rarest are pooled; a quarter of lot B was not reviewed."""
    rows = [
        (lot, f"class {number:02d}")
        for number in range(14)
        for lot, more in (("A", 3), ("B", 1), ("C", 2))
        for _ in range(2 + (15 - number) * more)
    ]
    rows += [("B", "")] * 40
    return analyse(count([lot_images("a", rows)], "lot", Basis.NAMED).counts, request.param)


def laid_out(chart: ParetoChart, style: ChartStyle) -> ChartLayout:
    return lay_out(chart, style, QRectF(0, 0, 1600, 800), QFontMetricsF(QGuiApplication.font()))


def window_bars(layout: ChartLayout) -> Bars:
    return [(bar.colour.lower(), bar.spot.place.height() / layout.plot.height()) for bar in layout.bars]


def figure_bars(chart: ParetoChart) -> tuple[Bars, Bars]:
    """Return the bars of both parts of the SVG file, from the left, and from the bottom of each."""
    svg = pareto_file(chart, "svg", words=False).decode()
    parts = [svg[svg.index('<g id="axes_1">') : svg.index('<g id="axes_2">')]]
    parts.append(svg[svg.index('<g id="axes_2">') : svg.index('<g id="axes_3">')])
    result: list[Bars] = []
    for part in parts:
        part = part.partition('<g id="legend')[0]
        background, *bars = re.findall(r'd="(M [^"]*z)\s*"[^>]*style="fill: (#\w+)', part)
        boxes = [(corners(path), colour) for path, colour in bars if not path.startswith("M 0 0")]
        (_, low, _, high) = corners(background[0])
        boxes.sort(key=lambda box: (round(box[0][0]), -box[0][3]))
        result.append([(colour, (box[3] - box[1]) / (high - low)) for box, colour in boxes])
    return result[0], result[1]


def corners(path: str) -> tuple[float, float, float, float]:
    numbers = [float(number) for number in re.findall(r"-?[\d.]+", path)]
    return min(numbers[::2]), min(numbers[1::2]), max(numbers[::2]), max(numbers[1::2])


def same(one: Bars, other: Bars) -> None:
    assert [colour for colour, _ in one] == [colour for colour, _ in other]
    assert [height for _, height in one] == pytest.approx([height for _, height in other], abs=1e-3)


def test_figures_have_the_bars_of_the_window(qtbot: QtBot, chart: ParetoChart) -> None:
    classes, groups = laid_out(chart, ChartStyle.CLASSES), laid_out(chart, ChartStyle.STACKED)
    assert len(classes.bars) == 12
    drawn = figure_bars(chart)
    same(window_bars(classes), drawn[0])
    same(window_bars(groups), drawn[1])


def test_figures_have_the_names_and_ticks_of_the_window(qtbot: QtBot, chart: ParetoChart) -> None:
    for style, svg in (
        (ChartStyle.CLASSES, pareto_file(chart, "svg", words=False)),
        (ChartStyle.TREND, trend_file(chart, "svg", words=False)),
    ):
        layout = laid_out(chart, style)
        texts = re.findall(r"<text [^>]*>([^<]*)<", svg.decode())
        names = [name for _, name in layout.names] + [text for _, text in layout.ticks]
        assert texts[: len(names)] == names
        if style is ChartStyle.TREND:
            legend = [line.name for line in layout.lines]
            assert texts[-len(legend) :] == legend


def test_slides_have_the_bars_of_the_window(qtbot: QtBot, chart: ParetoChart) -> None:
    layout = laid_out(chart, ChartStyle.STACKED)
    file = pareto_slides_file(chart, "lots", datetime.date(2026, 3, 1))
    slide = next(iter(Presentation(io.BytesIO(file)).slides))
    (drawing,) = [shape.chart for shape in slide.shapes if shape.has_chart]
    series = list(drawing.plots[0].series)
    columns = [[each.values[place] for each in series] for place in range(3)]
    heights = [
        [bar.spot.place.height() for bar in bars]
        for _, bars in groupby(layout.bars, key=lambda bar: bar.spot.group)
    ]
    scale = columns[0][0] / heights[0][0]
    for column, bars in zip(columns, heights, strict=True):
        assert [height * scale for height in bars] == pytest.approx(column)
    assert [each.name for each in series] == [each.name for each in layout.drawn.classes]
