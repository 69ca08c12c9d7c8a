"""Draws a scale bar as in micrographs."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from defect_workbench.core.images.lengths import SHARE, scale_bar

_MARGIN = 10
# A smaller view gets smaller letters and margins, so that little of the image is covered.
_SMALL_VIEW = 260
_SMALL = 0.75


def draw_scale_bar(painter: QPainter, room: QRectF, pixel: float, nanometres: float | None) -> None:
    """Draw a bar of a round length in the lower left corner.

    Parameters
    ----------
    pixel : float
        Screen pixels per image pixel.
    nanometres : float or None
        Per image pixel; without it, the bar is in pixels.
    """
    bar_and_label = scale_bar(room.width() * SHARE / pixel, nanometres)
    if bar_and_label is None:
        return
    length, words = bar_and_label
    width = length * pixel
    size = _SMALL if min(room.width(), room.height()) < _SMALL_VIEW else 1.0
    margin = _MARGIN * size**2
    painter.save()
    font = painter.font()
    font.setPointSizeF(font.pointSizeF() * size)
    painter.setFont(font)
    metrics = painter.fontMetrics()
    plate = QRectF(
        0, 0, max(width, metrics.horizontalAdvance(words)) + 16 * size, metrics.height() + 18 * size
    )
    plate.moveTopLeft(QPointF(room.left() + margin, room.bottom() - margin - plate.height()))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(0, 0, 0, 150))
    painter.drawRoundedRect(plate, 4, 4)
    bar = QRectF(plate.center().x() - width / 2, plate.bottom() - 10 * size, width, 3)
    painter.fillRect(bar, Qt.GlobalColor.white)
    painter.setPen(Qt.GlobalColor.white)
    painter.drawText(plate.adjusted(0, 3, 0, -12 * size), int(Qt.AlignmentFlag.AlignCenter), words)
    painter.restore()
