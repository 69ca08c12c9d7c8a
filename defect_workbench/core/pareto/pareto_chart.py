"""A Pareto chart: counts of classes with their intervals, and what changed. Every drawing is made from it."""

from __future__ import annotations

from dataclasses import dataclass

from defect_workbench.core.arrays import Floats
from defect_workbench.core.pareto.class_counts import ClassCounts, Measure


@dataclass(frozen=True)
class Change:
    """A class that is significantly more or less frequent in a group than in those before it.

    Attributes
    ----------
    group, class_ : int
        Indices into groups and classes.
    before, after : float
        Per wafer, per cm², or as a share, according to `unit`.
    unit : str
        `wafer`, `area` or `share`.
    p_value : float
        Corrected for the number of comparisons.
    uncorrected : float
    words : str
        The change as a sentence without a full stop.
    """

    group: int
    class_: int
    before: float
    after: float
    unit: Measure
    p_value: float
    uncorrected: float
    words: str

    @property
    def rose(self) -> bool:
        """Whether it became more frequent."""
        return self.after > self.before


@dataclass(frozen=True, eq=False)
class ParetoChart:
    """The values of a chart in one measure.

    Attributes
    ----------
    values, low, high : (groups, classes) float64
        With 95% intervals; NaN where what the measure divides by is unknown or nothing was reviewed.
    class_values, class_low, class_high : (classes,) float64
        The same for all groups together.
    cumulative : (classes,) float64
        Share of the classes up to each one.
    scaled : bool
        Whether values are estimates for all images from those that have a class.
    changes : tuple of Change
        By group, then the smallest p-value first.
    verdict : str
        Why there are no changes, as a sentence without a full stop; empty if there are some.
    notes : tuple of str
        What to know about the values, one sentence each.
    """

    counts: ClassCounts
    measure: Measure
    values: Floats
    low: Floats
    high: Floats
    class_values: Floats
    class_low: Floats
    class_high: Floats
    cumulative: Floats
    scaled: bool
    changes: tuple[Change, ...]
    verdict: str
    notes: tuple[str, ...]

    @property
    def findings(self) -> tuple[str, ...]:
        """The changes in words, or why there are none."""
        return tuple(change.words for change in self.changes) or (self.verdict,)

    @property
    def axis(self) -> str:
        """The name of the axis of values."""
        words = self.measure.words(self.counts.noun)
        return f"{words}, estimated" if self.scaled and self.measure is not Measure.SHARE else words


def value_text(value: float, measure: Measure) -> str:
    """Return a value in words: `1,204`, `3.4`, `12%`; a dash if it is unknown."""
    if value != value:
        return "–"
    if measure is Measure.SHARE:
        return f"{100 * value:.0f}%" if value >= 0.1 or value == 0 else f"{100 * value:.2g}%"
    return f"{value:,.0f}" if value >= 99.5 or value == round(value) else f"{value:.2g}"
