"""Where the parts of a Pareto chart are on the screen, for painting and for the mouse."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QFontMetricsF

from defect_workbench.core.pareto.drawn_chart import (
    LONGEST_IN_LEGEND,
    LONGEST_NAME,
    MOST_GROUPS,
    DrawnChart,
    DrawnClass,
    drawn_chart,
)
from defect_workbench.core.pareto.pareto_chart import ParetoChart

MARGIN, GAP, SWATCH = 12.0, 8.0, 11.0
_WIDEST_BAR, _SHARE_OF_STEP = 72.0, 0.72
_SLANT = 40.0
_DOT = 9.0


class ChartStyle(Enum):
    """How a chart is drawn."""

    STACKED = "Stacked bars"
    CLASSES = "One bar per class"
    TREND = "Trend"


@dataclass(frozen=True)
class Spot:
    """A part of the chart that stands for images.

    Attributes
    ----------
    group : int or None
        Index of the group in the counts; None for all groups.
    classes : tuple of int
        The classes in the counts; empty for all of them.
    """

    place: QRectF
    group: int | None
    classes: tuple[int, ...]

    def same_as(self, other: Spot | None) -> bool:
        """Whether it stands for the same images as another one."""
        return other is not None and (self.group, self.classes) == (other.group, other.classes)


@dataclass(frozen=True)
class Bar:
    """A bar or a part of one, with the interval of its value, in pixels."""

    spot: Spot
    colour: str
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class Line:
    """The line of a class: its dots with their intervals, without those whose value is unknown."""

    name: str
    colour: str
    spots: tuple[Spot, ...]
    intervals: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class ChartLayout:
    """The parts of a chart in widget coordinates.

    Attributes
    ----------
    plot : QRectF
        Between the axes.
    names : tuple of (float, str)
        What is below the axis: centre and text.
    angle : float
        The angle at which these are written, in degrees; 90 from the bottom to the top.
    marks : tuple of (QPointF, bool, bool)
        Above bars with a change: place, whether a class rose, whether one fell.
    legend : tuple of Spot
        One row per class of `classes`.
    share : tuple of QPointF
        The cumulative share, for bars per class.
    """

    drawn: DrawnChart
    plot: QRectF
    ticks: tuple[tuple[float, str], ...]
    names: tuple[tuple[float, str], ...]
    angle: float
    bars: tuple[Bar, ...] = ()
    lines: tuple[Line, ...] = ()
    marks: tuple[tuple[QPointF, bool, bool], ...] = ()
    legend: tuple[Spot, ...] = ()
    classes: tuple[DrawnClass, ...] = ()
    share: tuple[QPointF, ...] = ()

    def spot_at(self, place: QPointF) -> Spot | None:
        """Return the part at a place."""
        for line in self.lines:
            for spot in line.spots:
                if spot.place.contains(place):
                    return spot
        rows = (*(bar.spot for bar in self.bars), *self.legend)
        return next((spot for spot in rows if spot.place.contains(place)), None)

    @property
    def spots(self) -> tuple[Spot, ...]:
        """All parts, in reading order, for the keyboard."""
        dots = [spot for line in self.lines for spot in line.spots]
        return (*(bar.spot for bar in self.bars), *dots)


def lay_out(chart: ParetoChart, style: ChartStyle, size: QRectF, metrics: QFontMetricsF) -> ChartLayout:
    """Return where the parts of a chart are in a widget of some size."""
    line = metrics.height()
    legend_width = _legend_width(chart, style, metrics, size.width())
    room = size.width() - legend_width - 2 * MARGIN
    drawn = drawn_chart(chart, max(2, min(MOST_GROUPS, int((room - 50) / line))))
    classes = drawn.lines if style is ChartStyle.TREND else drawn.classes
    marks = _ticks(drawn, style)
    texts = [drawn.tick_text(value) for value in marks]
    left = MARGIN + max((metrics.horizontalAdvance(text) for text in texts), default=0.0) + GAP
    right_axis = metrics.horizontalAdvance("100%") + GAP if style is ChartStyle.CLASSES else 0.0
    plot = QRectF(left, MARGIN + line + GAP, size.width() - left - legend_width - right_axis - MARGIN, 0.0)
    names = [each.name for each in classes] if style is ChartStyle.CLASSES else list(drawn.names)
    step = plot.width() / max(len(names), 1)
    widths = [metrics.horizontalAdvance(name) for name in names]
    angle = 0.0 if max(widths, default=0.0) <= step - 6 else _SLANT if step > 1.6 * line else 90.0
    limit = LONGEST_NAME * metrics.averageCharWidth()
    longest = min(max(widths, default=0.0), limit)
    below = longest * math.sin(math.radians(angle)) + line * math.cos(math.radians(angle))
    plot.setBottom(size.height() - MARGIN - below - GAP)
    if plot.height() < 40 or plot.width() < 40:
        return ChartLayout(drawn, QRectF(), (), (), 0.0)
    scale = plot.height() / marks[-1]
    centres = [plot.left() + step * (number + 0.5) for number in range(len(names))]
    base = ChartLayout(
        drawn,
        plot,
        tuple((plot.bottom() - value * scale, text) for value, text in zip(marks, texts, strict=True)),
        tuple(zip(centres, names, strict=True)),
        angle,
        classes=classes,
    )
    width = min(_WIDEST_BAR, _SHARE_OF_STEP * step)
    make = {ChartStyle.STACKED: _stacked, ChartStyle.CLASSES: _per_class, ChartStyle.TREND: _trend}[style]
    if style is ChartStyle.CLASSES:
        return make(base, centres, width, scale)
    legend = _legend(classes, size, legend_width, plot, line, stacked=style is ChartStyle.STACKED)
    return replace(make(base, centres, width, scale), legend=legend)


def _legend_width(chart: ParetoChart, style: ChartStyle, metrics: QFontMetricsF, width: float) -> float:
    if style is ChartStyle.CLASSES:
        return 0.0
    names = [each.name for each in chart.counts.classes]
    widest = max((metrics.horizontalAdvance(name) for name in names), default=0.0)
    widest = min(widest, LONGEST_IN_LEGEND * metrics.averageCharWidth(), 0.3 * width)
    return widest + SWATCH + 3 * GAP


def _ticks(drawn: DrawnChart, style: ChartStyle) -> Sequence[float]:
    if style is ChartStyle.CLASSES:
        return drawn.ticks_of_classes()
    return drawn.ticks_of_lines() if style is ChartStyle.TREND else drawn.ticks_of_groups()


def _stacked(base: ChartLayout, centres: list[float], width: float, scale: float) -> ChartLayout:
    drawn, plot = base.drawn, base.plot
    bars, marks = [], []
    for place, (centre, group) in enumerate(zip(centres, drawn.groups, strict=True)):
        bottom = plot.bottom()
        for each in drawn.classes:
            height = drawn.height(each, place) * scale
            if height > 0:
                rect = QRectF(centre - width / 2, bottom - height, width, height)
                bars.append(Bar(Spot(rect, group, each.classes), each.colour))
                bottom -= height
        rose, fell = drawn.changed(place)
        if rose or fell:
            marks.append((QPointF(centre, bottom), rose, fell))
    return replace(base, bars=tuple(bars), marks=tuple(marks))


def _per_class(base: ChartLayout, centres: list[float], width: float, scale: float) -> ChartLayout:
    drawn, plot = base.drawn, base.plot
    chart, bars, share = drawn.chart, [], []
    for centre, each in zip(centres, drawn.classes, strict=True):
        height = drawn.height(each) * scale
        rect = QRectF(centre - width / 2, plot.bottom() - height, width, height)
        ends = drawn.interval(each)
        interval = (
            None if ends is None else (plot.bottom() - ends[0] * scale, plot.bottom() - ends[1] * scale)
        )
        bars.append(Bar(Spot(rect, None, each.classes), each.colour, interval))
        share.append(QPointF(centre, plot.bottom() - plot.height() * chart.cumulative[each.classes[-1]]))
    return replace(base, bars=tuple(bars), share=tuple(share))


def _trend(base: ChartLayout, centres: list[float], width: float, scale: float) -> ChartLayout:
    drawn, plot, classes = base.drawn, base.plot, base.classes
    lines = []
    for number, each in enumerate(classes):
        # Side by side, so that intervals do not hide each other.
        aside = 4.0 * (number - (len(classes) - 1) / 2)
        spots, intervals = [], []
        for place, (centre, group) in enumerate(zip(centres, drawn.groups, strict=True)):
            ends = drawn.interval(each, place)
            if ends is None:
                continue
            y = plot.bottom() - drawn.height(each, place) * scale
            dot = QRectF(centre + aside - _DOT / 2, y - _DOT / 2, _DOT, _DOT)
            spots.append(Spot(dot, group, each.classes))
            intervals.append((plot.bottom() - ends[0] * scale, plot.bottom() - ends[1] * scale))
        lines.append(Line(each.name, each.colour, tuple(spots), tuple(intervals)))
    return replace(base, lines=tuple(lines))


def _legend(
    classes: tuple[DrawnClass, ...], size: QRectF, width: float, plot: QRectF, line: float, *, stacked: bool
) -> tuple[Spot, ...]:
    """Return the rows of the legend; of stacked bars, the top of the bars first."""
    row = line + 5
    top = plot.top()
    left = size.width() - width - MARGIN + GAP
    shown = classes[::-1] if stacked else classes
    return tuple(
        Spot(QRectF(left, top + row * number, width - GAP + MARGIN, row), None, each.classes)
        for number, each in enumerate(shown)
        if top + row * (number + 1) <= size.height()
    )
