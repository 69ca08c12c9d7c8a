"""The visible part of a tree, and where it is on the widget."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from PySide6.QtCore import QRectF

# Zooming in ends at this many leaves across, and at this share of the height.
_FEWEST_LEAVES = 8
_LOWEST_CEILING = 0.02
# Room above the highest merge, as a share of its height.
_HEADROOM = 1.06


@dataclass(frozen=True)
class Zoom:
    """The visible part of a tree, as shares of the whole.

    Attributes
    ----------
    start, end : float
        The first and last place across.
    ceiling : float
        The greatest height.
    """

    start: float = 0.0
    end: float = 1.0
    ceiling: float = 1.0

    @property
    def width(self) -> float:
        """The visible share of the width."""
        return self.end - self.start

    def panned(self, by: float) -> Zoom:
        """Return the zoom after a horizontal move by a share of the whole tree."""
        start = min(max(self.start + by, 0.0), 1.0 - self.width)
        return replace(self, start=start, end=start + self.width)

    def wider(self, factor: float, anchor: float, leaves: int) -> Zoom:
        """Return the zoom with `factor` times as much visible horizontally.

        Parameters
        ----------
        anchor : float
            The place that stays where it is, as a share of the plot.
        """
        here = self.start + anchor * self.width
        width = min(max(self.width * factor, min(1.0, _FEWEST_LEAVES / leaves)), 1.0)
        start = min(max(here - anchor * width, 0.0), 1.0 - width)
        return replace(self, start=start, end=start + width)

    def taller(self, factor: float) -> Zoom:
        """Return the zoom with `factor` times as much visible from the bottom up."""
        return replace(self, ceiling=min(max(self.ceiling * factor, _LOWEST_CEILING), 1.0))


@dataclass(frozen=True)
class Viewport:
    """Maps leaves and merge heights to pixels of the widget, and back.

    Attributes
    ----------
    plot : QRectF
        Where the tree is drawn.
    leaves : int
    highest : float
        The height of the last merge.
    """

    plot: QRectF
    leaves: int
    highest: float
    zoom: Zoom

    @cached_property
    def top(self) -> float:
        """The height at the upper edge of the plot."""
        return _HEADROOM * self.zoom.ceiling * self.highest

    def x_of(self, leaf: float) -> float:
        """Return where a place among the leaves (0 to n) is."""
        share = (leaf / self.leaves - self.zoom.start) / self.zoom.width
        return self.plot.left() + share * self.plot.width()

    def y_of(self, height: float) -> float:
        """Return where a merge height is."""
        return self.plot.bottom() - height / max(self.top, 1e-12) * self.plot.height()

    def leaf_at(self, x: float) -> float:
        """Return the place among the leaves at a pixel."""
        share = (x - self.plot.left()) / self.plot.width()
        return (share * self.zoom.width + self.zoom.start) * self.leaves

    def height_at(self, y: float) -> float:
        """Return the merge height at a pixel; above and below the plot, that at its edge."""
        height = (self.plot.bottom() - y) / self.plot.height() * self.top
        return min(max(height, 0.0), self.top)
