"""Draws a scale bar as in micrographs."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter

from defect_workbench.core.images.lengths import length_words, round_length

_SHARE, _MARGIN = 0.28, 10


def draw_scale_bar(painter: QPainter, room: QRectF, pixel: float, nanometres: float | None) -> None:
    """Draw a bar of a round length in the lower left corner.

    Parameters
    ----------
    pixel : float
        Screen pixels per image pixel.
    nanometres : float or None
        Per image pixel; without it, the bar is in pixels.
    """
    longest = room.width() * _SHARE / pixel
    if nanometres is None:
        if longest < 1:
            return
        length = round_length(longest)
        width, words = length * pixel, f"{length:g} px"
    else:
        length = round_length(longest * nanometres)
        width, words = length / nanometres * pixel, length_words(length)
    metrics = painter.fontMetrics()
    plate = QRectF(0, 0, max(width, metrics.horizontalAdvance(words)) + 16, metrics.height() + 18)
    plate.moveTopLeft(QPointF(room.left() + _MARGIN, room.bottom() - _MARGIN - plate.height()))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(0, 0, 0, 150))
    painter.drawRoundedRect(plate, 4, 4)
    bar = QRectF(plate.center().x() - width / 2, plate.bottom() - 10, width, 3)
    painter.fillRect(bar, Qt.GlobalColor.white)
    painter.setPen(Qt.GlobalColor.white)
    painter.drawText(plate.adjusted(0, 3, 0, -12), int(Qt.AlignmentFlag.AlignCenter), words)
