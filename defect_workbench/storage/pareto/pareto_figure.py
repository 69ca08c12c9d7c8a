"""Pareto charts as PNG and SVG files, drawn by matplotlib."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from matplotlib.typing import RcKeyType

from defect_workbench.core.arrays import Floats
from defect_workbench.core.pareto.drawn_chart import (
    LONGEST_IN_LEGEND,
    LONGEST_NAME,
    DrawnChart,
    drawn_chart,
)
from defect_workbench.core.pareto.pareto_chart import ParetoChart
from defect_workbench.core.text import sentence_case
from defect_workbench.storage.report.figures import FileType, encoded, figure_settings

_INK, _SOFT, _GRID = "#15181C", "#5C6570", "#E3E6EB"
_SETTINGS: dict[RcKeyType, Any] = {
    "font.size": 9.5,
    "text.color": _INK,
    "axes.labelcolor": _SOFT,
    "axes.edgecolor": _SOFT,
    "xtick.color": _INK,
    "ytick.color": _SOFT,
}
# Group names of more letters altogether are written at an angle.
_LEVEL_LETTERS = 70
_MOST_NAMES = 24


_MOST_LINES_OF_TEXT = 6


def pareto_file(chart: ParetoChart, kind: FileType, *, words: bool = True) -> bytes:
    """Return the chart as a file: the classes by falling frequency, and the same by group.

    Parameters
    ----------
    words : bool
        Whether changes and notes are written below.
    """
    return _file(chart, kind, (12.0, 4.6), both=True, words=words)


def trend_file(chart: ParetoChart, kind: FileType, *, words: bool = True) -> bytes:
    """Return the commonest classes over the groups as a file, as lines with intervals."""
    return _file(chart, kind, (12.0, 4.2), both=False, words=words)


def _file(
    chart: ParetoChart, kind: FileType, inches: tuple[float, float], *, both: bool, words: bool
) -> bytes:
    with figure_settings(), rc_context(_SETTINGS):
        lines = _lines(chart) if words else []
        figure = Figure(figsize=(inches[0], inches[1] + 0.2 * len(lines)), layout="constrained")
        drawn = drawn_chart(chart)
        if both:
            classes, groups = figure.subplots(1, 2, width_ratios=(5, 7))
            _draw_classes(classes, drawn)
            _draw_bars(groups, drawn)
        else:
            _draw_lines(figure.subplots(), drawn)
        if lines:
            text = "\n".join(_short(line, 170) for line in lines)
            figure.supxlabel(text, x=0.01, ha="left", fontsize=9, color=_INK, linespacing=1.35)
        return encoded(figure, kind)


def _lines(chart: ParetoChart) -> list[str]:
    """Return changes and notes as lines of text."""
    changes = list(chart.findings)
    shown = changes[: _MOST_LINES_OF_TEXT - 1] if len(changes) > _MOST_LINES_OF_TEXT else changes
    rest = [f"{len(changes) - len(shown)} more changes"] if len(shown) < len(changes) else []
    drawn = drawn_chart(chart).left_out
    return [sentence_case(line) + "." for line in (*shown, *rest, *chart.notes, drawn) if line]


def _draw_classes(axes: Axes, drawn: DrawnChart) -> None:
    """Draw a bar per class with its interval, and the cumulative share."""
    chart, shown = drawn.chart, drawn.classes
    places = np.arange(len(shown), dtype=float)
    axes.bar(places, list(map(drawn.height, shown)), color=[each.colour for each in shown], width=0.72)
    _draw_intervals(axes, places, list(map(drawn.interval, shown)), _INK)
    _name_places(axes, [each.name for each in shown])
    _value_axis(axes, drawn, drawn.ticks_of_classes(), "All groups")
    ends = [each.classes[-1] for each in shown]
    share = axes.twinx()
    share.plot(
        places,
        100 * chart.cumulative[ends],
        color=_SOFT,
        marker="o",
        markersize=3.5,
        linewidth=1.2,
        clip_on=False,
    )
    share.set_ylim(0, 100)
    share.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}%"))
    share.set_ylabel("cumulative share")
    share.spines[["top", "left"]].set_visible(False)
    share.grid(visible=False)


def _draw_bars(axes: Axes, drawn: DrawnChart) -> None:
    """Draw a stacked bar per group, with a mark where a class changed."""
    places = np.arange(len(drawn.groups))
    bottom = np.zeros(len(places))
    for each in drawn.classes:
        heights = [drawn.height(each, place) for place in places.tolist()]
        axes.bar(
            places, heights, bottom=bottom, color=each.colour, width=0.72, label=each.name, linewidth=0.4,
            edgecolor="white",
        )  # fmt: skip
        bottom += heights
    for place in places.tolist():
        rose, fell = drawn.changed(place)
        marks = ("▲" if rose else "") + ("▼" if fell else "")
        if marks:
            axes.annotate(
                marks,
                (place, bottom[place]),
                xytext=(0, 3),
                textcoords="offset points",
                ha="center",
                color=_INK,
            )
    _name_places(axes, drawn.names)
    _value_axis(axes, drawn, drawn.ticks_of_groups(), f"By {drawn.chart.counts.by}")
    # From the top of the bars to the bottom.
    _legend(axes, reverse=True)


def _draw_lines(axes: Axes, drawn: DrawnChart) -> None:
    """Draw a line per class over the groups, with intervals."""
    groups = range(len(drawn.groups))
    for number, each in enumerate(drawn.lines):
        # Side by side, so that intervals do not hide each other.
        places = np.array(groups) + 0.06 * (number - (len(drawn.lines) - 1) / 2)
        axes.plot(
            places, each.values, color=each.colour, marker="o", markersize=4, linewidth=1.8, label=each.name
        )
        ends = [drawn.interval(each, group) for group in groups]
        _draw_intervals(axes, places, ends, each.colour, alpha=0.5)
    _name_places(axes, drawn.names)
    _value_axis(axes, drawn, drawn.ticks_of_lines(), f"By {drawn.chart.counts.by}")
    _legend(axes, reverse=False)


def _draw_intervals(
    axes: Axes, places: Floats, ends: list[tuple[float, float] | None], ink: str, alpha: float = 1.0
) -> None:
    known = [(x, end) for x, end in zip(places.tolist(), ends, strict=True) if end is not None]
    if known:
        lows, highs = np.array([end for _, end in known]).T
        middles, halves = (lows + highs) / 2, (highs - lows) / 2
        bars = [x for x, _ in known]
        axes.errorbar(bars, middles, halves, fmt="none", ecolor=ink, elinewidth=1, capsize=2.5, alpha=alpha)


def _value_axis(axes: Axes, drawn: DrawnChart, ticks: list[float], title: str) -> None:
    # With room for a mark above a bar of the full height.
    axes.set_title(_short(sentence_case(title), 60), loc="left", fontsize=11, fontweight="bold", pad=14)
    axes.set_ylabel(drawn.chart.axis)
    axes.set_yticks(ticks, list(map(drawn.tick_text, ticks)))
    axes.set_ylim(0, ticks[-1])
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color=_GRID, linewidth=0.8)
    axes.set_axisbelow(True)


def _name_places(axes: Axes, names: list[str] | tuple[str, ...]) -> None:
    level = sum(map(len, names)) <= _LEVEL_LETTERS and max(map(len, names), default=0) < 60 / max(
        len(names), 1
    )
    # Of many, every second or third is named, and always the last: a tool's latest lot.
    places = np.arange(len(names))[:: -max(1, -(-len(names) // _MOST_NAMES))][::-1]
    axes.set_xticks(places, [_short(names[place], LONGEST_NAME) for place in places.tolist()])
    if not level:
        axes.tick_params(axis="x", rotation=40 if len(names) <= 15 else 60)
        for label in axes.get_xticklabels():
            label.set_horizontalalignment("right")
            label.set_rotation_mode("anchor")
    axes.tick_params(axis="x", length=0)


def _legend(axes: Axes, *, reverse: bool) -> None:
    handles, names = axes.get_legend_handles_labels()
    if handles:
        axes.legend(
            handles,
            [_short(name, LONGEST_IN_LEGEND) for name in names],
            loc="center left",
            bbox_to_anchor=(1.0, 0.5),
            frameon=False,
            reverse=reverse,
        )


def _short(name: str, most: int) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"
