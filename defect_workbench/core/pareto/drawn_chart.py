"""What of a Pareto chart is drawn: the commonest classes, the last groups, and the scale of the axis."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from defect_workbench.core.arrays import Floats
from defect_workbench.core.pareto.pareto_chart import ParetoChart
from defect_workbench.core.project.palette import NEUTRAL

# More colours cannot be distinguished, nor more bars be read.
MOST_CLASSES, MOST_GROUPS, MOST_LINES = 12, 40, 6


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
    def highest(self) -> float:
        """The height of the highest bar; 0 without any."""
        if not self.classes or not self.groups:
            return 0.0
        return float(np.nansum([each.values for each in self.classes], axis=0).max())

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


def ticks(highest: float, most: int = 5) -> list[float]:
    """Return round values from 0 to at least `highest`, evenly spaced."""
    if not highest > 0:
        return [0.0, 1.0]
    rough = highest / most
    scale = 10.0 ** math.floor(math.log10(rough))
    step = next(each * scale for each in (1.0, 2.0, 2.5, 5.0, 10.0) if each * scale >= rough * (1 - 1e-9))
    return [step * number for number in range(math.ceil(highest / step - 1e-9) + 1)]
