"""Draws images with a thin edge, without which white ones would run into a white page."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap

_EDGE = QColor(128, 128, 128, 90)


def draw_edge(painter: QPainter, place: QRect | QRectF) -> None:
    """Draw the edge of an image, one pixel inside its place."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(QPen(_EDGE, 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(QRectF(place).toAlignedRect().adjusted(0, 0, -1, -1))
    painter.restore()


def draw_thumbnail(painter: QPainter, pixmap: QPixmap, cell: QRect) -> QRect:
    """Draw a thumbnail as large as fits in the middle of its cell, with its edge; return where."""
    size = pixmap.size().scaled(cell.size(), Qt.AspectRatioMode.KeepAspectRatio)
    place = QRect(QPoint(), size)
    place.moveCenter(cell.center())
    painter.drawPixmap(place, pixmap)
    draw_edge(painter, place)
    return place


def with_edge(pixmap: QPixmap, side: int) -> QPixmap:
    """Return a pixmap scaled to fit into a square, in device pixels, with its edge."""
    result = pixmap.scaled(
        side, side, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
    painter = QPainter(result)
    draw_edge(painter, result.rect())
    painter.end()
    return result
