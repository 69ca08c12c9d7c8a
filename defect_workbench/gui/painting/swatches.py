"""Squares of colour, as icons."""

from __future__ import annotations

from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap


def swatch_icon(colour: str, side: int) -> QIcon:
    """Return a square of a colour."""
    pixmap = QPixmap(side, side)
    # With an edge, to be seen on the colour of the chosen row.
    pixmap.fill(QColor("#FFFFFF"))
    painter = QPainter(pixmap)
    painter.fillRect(pixmap.rect().adjusted(1, 1, -1, -1), QColor(colour))
    painter.end()
    return QIcon(pixmap)
