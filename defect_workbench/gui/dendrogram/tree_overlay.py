"""Draws what lies over the tree: the line of the cut, and the medoids of its clusters."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPalette, QPen, QPixmap

from defect_workbench.core.text import counted
from defect_workbench.gui.dendrogram.tree_drawing import LEAF_BAND, TreeScene
from defect_workbench.gui.dendrogram.tree_viewport import Viewport
from defect_workbench.gui.painting.image_painting import draw_thumbnail

THUMBNAIL = 40
_SMALLEST_THUMBNAIL = 22.0
MOST_MEDOIDS = 400

# Returns an image's thumbnail once it has been read.
Thumbnail = Callable[[], QPixmap | None]


def draw_medoids(
    painter: QPainter, scene: TreeScene, clusters: int, viewport: Viewport, medoids: Mapping[int, Thumbnail]
) -> None:
    """Draw the medoid of each cluster under its branch, where there is room.

    Parameters
    ----------
    medoids : mapping of int to callable
        By the node at the top of each cluster.
    """
    if clusters > MOST_MEDOIDS:
        return
    layout, plot = scene.layout, viewport.plot
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    free = plot.left() - THUMBNAIL / 2
    roots = np.unique(scene.tree.roots(clusters)).tolist()
    for node in sorted(roots, key=lambda n: float(layout.x[n])):
        start, end = viewport.x_of(layout.left[node] - 0.5), viewport.x_of(layout.right[node] + 0.5)
        side = min(float(THUMBNAIL), max(end - start - 3, _SMALLEST_THUMBNAIL))
        middle = (start + end) / 2
        left = middle - side / 2
        thumbnail = medoids.get(node)
        # Neighbours just touch; half a pixel is for rounding.
        if thumbnail is None or left < free - 0.5 or middle > plot.right():
            continue
        pixmap = thumbnail()
        if pixmap is None:
            continue
        frame = QRectF(left, plot.bottom() + LEAF_BAND + 9, side, side)
        free = frame.right() + 3
        draw_thumbnail(painter, pixmap, frame.toRect())
    painter.restore()


def draw_cut(
    painter: QPainter,
    y: int,
    clusters: int,
    viewport: Viewport,
    font: QFont,
    palette: QPalette,
    focused: bool,
) -> None:
    """Draw the line of the cut and its number of clusters; with a handle while it has the focus."""
    plot = viewport.plot
    accent = palette.color(QPalette.ColorRole.Highlight)
    painter.setPen(QPen(accent, 2))
    painter.drawLine(QPointF(plot.left() - 4, y), QPointF(plot.right() + 2, y))
    text = f"cut into {counted(clusters, 'branch')}"
    bold = QFont(font)
    bold.setWeight(QFont.Weight.DemiBold)
    painter.setFont(bold)
    metrics = QFontMetricsF(bold)
    width = metrics.horizontalAdvance(text) + 14
    if width > plot.width() - 4:
        text = counted(clusters, "branch")
        width = metrics.horizontalAdvance(text) + 14
    top = y - metrics.height() - 7 if y - metrics.height() - 7 >= 0 else y + 5
    left = min(plot.left() + 4, painter.viewport().width() - width)
    bubble = QRectF(left, top, width, metrics.height() + 3)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(accent)
    painter.drawRoundedRect(bubble, 4, 4)
    painter.setPen(palette.color(QPalette.ColorRole.HighlightedText))
    painter.drawText(bubble, int(Qt.AlignmentFlag.AlignCenter), text)
    if focused:
        painter.setPen(QPen(accent, 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(QPointF(plot.left() - 6, y), 4, 4)
