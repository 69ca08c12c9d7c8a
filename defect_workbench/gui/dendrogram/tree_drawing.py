"""Draws the parts of a dendrogram that do not move with the cut: axis, suggestions, tree, leaves.

The result is a pixmap that the widget keeps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QImage,
    QPainter,
    QPalette,
    QPen,
    QPixmap,
    QPolygonF,
)

from defect_workbench.core.arrays import Integers
from defect_workbench.core.clustering.clustering_result import Suggestion
from defect_workbench.core.clustering.dendrogram_layout import Layout
from defect_workbench.core.clustering.merge_tree import Tree
from defect_workbench.core.project.palette import COLOURS, NEUTRAL, NUISANCE_COLOUR
from defect_workbench.gui.dendrogram.tree_raster import draw_tree, round_step
from defect_workbench.gui.dendrogram.tree_viewport import Viewport

LEAF_BAND = 8


def no_colours() -> NDArray[np.uint32]:
    """Return the colours of decided images where nothing is decided."""
    return np.empty(0, np.uint32)


@dataclass(frozen=True, eq=False)
class TreeScene:
    """A tree, its colours, its suggested cuts, and the images whose cluster a user decided.

    Attributes
    ----------
    colours : (2n-1,) intp
        Colour numbers of the nodes.
    branches : mapping of int to int
        Colour numbers of the branches at the cut that differ from those of their top nodes.
    held, confirmed : (n,) or (0,) uint32
        Colours of the images that are held or confirmed, as QColor.rgb() gives them; 0 for the others.
    """

    tree: Tree
    layout: Layout
    colours: Integers
    suggestions: tuple[Suggestion, ...]
    branches: Mapping[int, int] = field(default_factory=dict)
    held: NDArray[np.uint32] = field(default_factory=no_colours)
    confirmed: NDArray[np.uint32] = field(default_factory=no_colours)

    def with_decided(
        self, decided: Sequence[tuple[Integers, str, bool]], branches: Mapping[int, int]
    ) -> TreeScene:
        """Return the scene with other decided images and colours, or itself if they are the same.

        Parameters
        ----------
        decided : sequence of (images, colour, confirmed)
        branches : mapping of int to int
            Colour numbers of the branches at the cut, by their top nodes.
        """
        branches = {node: number for node, number in branches.items() if number != self.colours[node]}
        leaves = self.tree.leaves if decided else 0
        held, confirmed = np.zeros(leaves, np.uint32), np.zeros(leaves, np.uint32)
        for images, colour, is_confirmed in decided:
            (confirmed if is_confirmed else held)[images] = QColor(colour).rgb()
        same = np.array_equal(held, self.held) and np.array_equal(confirmed, self.confirmed)
        if same and branches == self.branches:
            return self
        return replace(self, held=held, confirmed=confirmed, branches=branches)

    def inks(self, tops: Integers) -> Integers:
        """Return the index into `COLOURS` of each branch, given by its top node; nuisances are -1."""
        numbers = self.colours[tops]
        for node, number in self.branches.items():
            numbers[tops == node] = number
        return np.where(numbers == NUISANCE_COLOUR, -1, numbers % len(COLOURS))


def small_font(font: QFont) -> QFont:
    """Return the font of the numbers on a dendrogram."""
    small = QFont(font)
    small.setWeight(QFont.Weight.Normal)
    small.setPointSizeF(max(7.0, small.pointSizeF() * 0.88))
    return small


def draw_scene(
    scene: TreeScene,
    clusters: int,
    viewport: Viewport,
    size: QSize,
    ratio: float,
    font: QFont,
    palette: QPalette,
) -> QPixmap:
    """Draw a tree cut into `clusters`.

    Parameters
    ----------
    size : QSize
        Of the widget.
    ratio : float
        Device pixels per pixel of the widget.
    font : QFont
        Of the numbers.
    """
    pixmap = QPixmap(round(size.width() * ratio), round(size.height() * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setFont(font)
    _draw_axis(painter, viewport, palette)
    _draw_suggestions(painter, scene.suggestions, viewport, palette)
    tops = scene.tree.tops(clusters)
    _draw_lines(painter, scene, tops, viewport, ratio)
    _draw_leaves(painter, scene, tops, viewport)
    painter.end()
    return pixmap


def _draw_axis(painter: QPainter, viewport: Viewport, palette: QPalette) -> None:
    plot, metrics = viewport.plot, QFontMetricsF(painter.font())
    secondary = palette.color(QPalette.ColorRole.PlaceholderText)
    step = round_step(viewport.top / max(2.0, plot.height() / (4 * metrics.height())))
    value = 0.0
    while value <= viewport.top:
        y = viewport.y_of(value)
        painter.setPen(QPen(palette.color(QPalette.ColorRole.Midlight), 1))
        painter.drawLine(QPointF(plot.left(), round(y) + 0.5), QPointF(plot.right(), round(y) + 0.5))
        painter.setPen(secondary)
        box = QRectF(0, y - metrics.height() / 2, plot.left() - 8, metrics.height())
        painter.drawText(box, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), f"{value:g}")
        value = round(value + step, 10)


def _draw_suggestions(
    painter: QPainter, suggestions: Sequence[Suggestion], viewport: Viewport, palette: QPalette
) -> None:
    """Draw a wedge at each suggested cut, the best one filled."""
    metrics = QFontMetricsF(painter.font())
    accent = palette.color(QPalette.ColorRole.Highlight)
    text = palette.color(QPalette.ColorRole.Text)
    secondary = palette.color(QPalette.ColorRole.PlaceholderText)
    labelled: list[float] = []
    for index, suggestion in enumerate(suggestions):
        y = viewport.y_of(suggestion.height)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(accent, 1.2))
        painter.setBrush(accent if index == 0 else Qt.BrushStyle.NoBrush)
        tip = viewport.plot.right() + 3
        painter.drawPolygon(QPolygonF([QPointF(tip, y), QPointF(tip + 7, y - 4), QPointF(tip + 7, y + 4)]))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        if all(abs(y - other) >= metrics.height() * 0.9 for other in labelled):
            labelled.append(y)
            painter.setPen(text if index == 0 else secondary)
            painter.drawText(QPointF(tip + 11, y + metrics.ascent() / 2 - 1), str(suggestion.clusters))


def _draw_lines(
    painter: QPainter, scene: TreeScene, tops: Integers, viewport: Viewport, ratio: float
) -> None:
    tree, layout, plot, zoom = scene.tree, scene.layout, viewport.plot, viewport.zoom
    # One more column of pixels on both sides, for the lines at the very edge.
    origin = np.floor(np.array([plot.left() - 1, 0.0]) * ratio)
    across = (layout.x / tree.leaves - zoom.start) / zoom.width * plot.width()
    up = layout.y / max(viewport.top, 1e-12) * plot.height()
    x = np.rint((plot.left() + across) * ratio - origin[0]).astype(np.int64)
    y = np.rint((plot.bottom() - up) * ratio).astype(np.int64)
    shades = np.zeros(len(tree.merges), np.int64)
    shades[: len(tops) - tree.leaves] = 1 + scene.inks(tops[tree.leaves :])
    size = (round((plot.width() + 2) * ratio), round((plot.bottom() + 1) * ratio))
    inks = [QColor(value).rgb() for value in (NEUTRAL, *COLOURS)]
    image = draw_tree(tree, x, y, shades, inks, size, max(1, round(ratio)))
    image.setDevicePixelRatio(ratio)
    painter.drawImage(QPointF(origin[0] / ratio, 0), image)


def _draw_leaves(painter: QPainter, scene: TreeScene, tops: Integers, viewport: Viewport) -> None:
    """Draw the colour of each image's cluster below its leaf, and what a user decided over it.

    Confirmed images stand out at full height, held ones at half of it.
    """
    tree, plot, zoom = scene.tree, viewport.plot, viewport.zoom
    columns = max(1, round(plot.width()))
    share = zoom.start + (np.arange(columns) + 0.5) / columns * zoom.width
    leaves = tree.leaf_order[np.clip((share * tree.leaves).astype(np.intp), 0, tree.leaves - 1)]
    inks = np.array([QColor(value).rgb() for value in (*COLOURS, NEUTRAL)], np.uint32)
    nodes = tops[leaves]
    row = inks[scene.inks(nodes)]
    # Leave a gap between clusters that are wide enough.
    edges = np.flatnonzero(np.diff(nodes)) + 1
    widths = np.diff(np.concatenate([[0], edges, [columns]]))
    row[edges[(widths[:-1] > 4) & (widths[1:] > 4)]] = 0
    left = round(plot.left())
    _draw_row(painter, row, left, plot.bottom() + 5, LEAF_BAND)
    if len(scene.held):
        _draw_row(painter, scene.held[leaves], left, plot.bottom() + 5, LEAF_BAND // 2)
        _draw_row(painter, scene.confirmed[leaves], left, plot.bottom() + 3, LEAF_BAND + 4)


def _draw_row(painter: QPainter, row: NDArray[np.uint32], left: int, top: float, height: int) -> None:
    pixels = np.ascontiguousarray(np.repeat(row[None, :], height, axis=0))
    kind = QImage.Format.Format_ARGB32
    image = QImage(pixels.data, len(row), height, 4 * len(row), kind).copy()
    painter.drawImage(QPointF(left, round(top)), image)
