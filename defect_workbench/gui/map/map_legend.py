"""The legend of the map."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPalette
from PySide6.QtWidgets import QWidget

from defect_workbench.app.document.colouring import Colouring

_MARGIN, _PAD, _SWATCH, _LONGEST = 12, 10, 12, 26


def draw_legend(painter: QPainter, widget: QWidget, title: str, colouring: Colouring) -> None:
    """Draw the legend in the upper right corner."""
    metrics = painter.fontMetrics()
    line = metrics.height() + 3
    words = [metrics.elidedText(text, Qt.TextElideMode.ElideRight, _LONGEST * metrics.averageCharWidth())
             for text, _ in colouring.legend]  # fmt: skip
    width = max(metrics.horizontalAdvance(text) for text in [title, *words]) + _SWATCH + 8 + 2 * _PAD
    plate = QRectF(0, 0, width, line * (len(words) + 1) + 2 * _PAD)
    plate.moveTopRight(QPointF(widget.width() - _MARGIN, _MARGIN))
    background = widget.palette().color(QPalette.ColorRole.Base)
    background.setAlpha(220)
    painter.setPen(widget.palette().color(QPalette.ColorRole.Midlight))
    painter.setBrush(background)
    painter.drawRoundedRect(plate, 6, 6)
    x, y = plate.left() + _PAD, plate.top() + _PAD
    flags = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
    painter.setPen(widget.palette().color(QPalette.ColorRole.Text))
    painter.drawText(QRectF(x, y, width, line), flags, title)
    painter.setPen(widget.palette().color(QPalette.ColorRole.PlaceholderText))
    if colouring.ramp:
        gradient = QLinearGradient(x, y + 1.5 * line, x, y + (len(words) + 0.5) * line)
        for number, (_, name) in enumerate(colouring.legend):
            gradient.setColorAt(number / (len(words) - 1), QColor(name))
        painter.fillRect(QRectF(x, y + 1.5 * line, _SWATCH, (len(words) - 1) * line), gradient)
    for number, (text, (_, name)) in enumerate(zip(words, colouring.legend, strict=True), start=1):
        top = y + number * line
        if not colouring.ramp:
            painter.fillRect(QRectF(x, top + (line - _SWATCH) / 2, _SWATCH, _SWATCH), QColor(name))
        painter.drawText(QRectF(x + _SWATCH + 8, top, width, line), flags, text)
