"""What of a Pareto chart is drawn: the commonest classes, the last groups, their values, and the axis.

The window, the figures and the slides draw the same bars, as all of them are decided here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from defect_workbench.core.arrays import Floats
from defect_workbench.core.pareto.class_counts import Measure
from defect_workbench.core.pareto.pareto_chart import ParetoChart
from defect_workbench.core.project.palette import NEUTRAL

# More colours cannot be distinguished, nor more bars be read.
MOST_CLASSES, MOST_GROUPS, MOST_LINES = 12, 40, 6
# Letters of a name below the axis, and in the legend.
LONGEST_NAME, LONGEST_IN_LEGEND = 18, 26
# Above bars with a change there is room for its mark.
_ROOM_FOR_MARKS = 1.06


@dataclass(frozen=True, eq=False)
class DrawnClass:
    """A class of the drawing, or the rest of them together.

    Attributes
    ----------
    classes : tuple of int
        The classes of the chart that it stands for.
    values : (groups,) float64
        Of the drawn groups.
    """

    name: str
    colour: str
    classes: tuple[int, ...]
    values: Floats

    @property
    def pooled(self) -> bool:
        """Whether it stands for several classes, of which there is no interval."""
        return len(self.classes) > 1


@dataclass(frozen=True, eq=False)
class DrawnChart:
    """The parts of a chart that are drawn.

    Attributes
    ----------
    groups : tuple of int
        Indices of the drawn groups.
    classes : tuple of DrawnClass
        From the bottom of a bar to its top.
    left_out : str
        Which part of the groups is drawn, in words; empty if all are.
    """

    chart: ParetoChart
    groups: tuple[int, ...]
    classes: tuple[DrawnClass, ...]
    left_out: str

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the drawn groups."""
        return tuple(self.chart.counts.groups[group] for group in self.groups)

    @property
    def lines(self) -> tuple[DrawnClass, ...]:
        """The classes of a trend, the commonest first."""
        return tuple(each for each in self.classes[:MOST_LINES] if not each.pooled)

    def height(self, each: DrawnClass, place: int | None = None) -> float:
        """Return the value of a class in a drawn group, or in all groups; 0 if it is unknown."""
        values = self.chart.class_values[list(each.classes)] if place is None else each.values[place]
        return float(np.nan_to_num(values).sum())

    def interval(self, each: DrawnClass, place: int | None = None) -> tuple[float, float] | None:
        """Return the ends of a value's interval; None for pooled classes and unknown values."""
        if each.pooled:
            return None
        number = each.classes[0]
        if place is None:
            ends = float(self.chart.class_low[number]), float(self.chart.class_high[number])
        else:
            group = self.groups[place]
            ends = float(self.chart.low[group, number]), float(self.chart.high[group, number])
        return ends if all(map(math.isfinite, ends)) else None

    def ticks_of_groups(self) -> list[float]:
        """Return the ticks of the axis for a stacked bar per group."""
        if self.chart.measure is Measure.SHARE:
            return ticks(1.0)
        heights = [
            sum(self.height(each, place) for each in self.classes) for place in range(len(self.groups))
        ]
        return self._ticks(max(heights, default=0.0) * (_ROOM_FOR_MARKS if self.chart.changes else 1.0))

    def ticks_of_classes(self) -> list[float]:
        """Return the ticks of the axis for a bar per class with its interval."""
        tops = [(self.interval(each) or (0.0, 0.0))[1] for each in self.classes]
        return self._ticks(max([*tops, *map(self.height, self.classes)], default=0.0))

    def ticks_of_lines(self) -> list[float]:
        """Return the ticks of the axis for lines with their intervals."""
        places = range(len(self.groups))
        ends = [self.interval(each, place) for each in self.lines for place in places]
        return self._ticks(max((end[1] for end in ends if end), default=0.0))

    def _ticks(self, highest: float) -> list[float]:
        return ticks(highest, whole=self.chart.measure is Measure.COUNT)

    def tick_text(self, value: float) -> str:
        """Return what is written at a tick."""
        return f"{100 * value:.4g}%" if self.chart.measure is Measure.SHARE else f"{value:,.10g}"

    def changed(self, group: int) -> tuple[bool, bool]:
        """Whether a class rose in a drawn group, and whether one fell."""
        rose = [change.rose for change in self.chart.changes if change.group == self.groups[group]]
        return any(rose), not all(rose)


def drawn_chart(chart: ParetoChart, most_groups: int = MOST_GROUPS) -> DrawnChart:
    """Return the parts of a chart to draw: the commonest classes and the last groups."""
    table = chart.counts
    groups = range(max(0, len(table.groups) - most_groups), len(table.groups))
    shown = [number for number in range(len(table.classes)) if table.counts[:, number].any()]
    single = shown if len(shown) <= MOST_CLASSES else shown[: MOST_CLASSES - 1]
    rest = shown[len(single) :]
    classes = [
        DrawnClass(
            table.classes[number].name,
            table.classes[number].colour,
            (number,),
            chart.values[list(groups), number],
        )
        for number in single
    ]
    if rest:
        values = chart.values[list(groups)][:, rest].sum(axis=1)
        classes.append(DrawnClass(f"{len(rest)} other classes", NEUTRAL, tuple(rest), values))
    left_out = f"last {len(groups)} of {len(table.groups):,} groups" if groups.start else ""
    return DrawnChart(chart, tuple(groups), tuple(classes), left_out)


def ticks(highest: float, most: int = 5, *, whole: bool = False) -> list[float]:
    """Return round values from 0 to at least `highest`, evenly spaced; whole numbers, if these are wanted."""
    if not highest > 0:
        return [0.0, 1.0]
    rough = highest / most
    scale = 10.0 ** math.floor(math.log10(rough))
    steps = [each * scale for each in (1.0, 2.0, 2.5, 5.0, 10.0) if each * scale >= rough * (1 - 1e-9)]
    step = next((each for each in steps if each.is_integer()), 1.0) if whole else steps[0]
    return [step * number for number in range(math.ceil(highest / step - 1e-9) + 1)]
