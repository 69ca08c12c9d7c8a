"""Labels that more than one panel uses."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QLabel, QSizePolicy


class ElidedLabel(QLabel):
    """A line of secondary text that is shortened to the room there is; its tooltip has all.

    Parameters
    ----------
    elide : Qt.TextElideMode
        Where it is shortened.
    role : QPalette.ColorRole
        Its colour.
    """

    def __init__(
        self,
        elide: Qt.TextElideMode = Qt.TextElideMode.ElideMiddle,
        role: QPalette.ColorRole = QPalette.ColorRole.PlaceholderText,
    ) -> None:
        super().__init__()
        self._elide = elide
        self.setForegroundRole(role)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def setText(self, text: str) -> None:
        """Show a text."""
        super().setText(text)
        self.setToolTip(text)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw as much of the text as there is room for."""
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        text = self.fontMetrics().elidedText(self.text(), self._elide, self.width())
        painter.drawText(self.rect(), int(self.alignment()), text)


def secondary_label(text: str = "") -> QLabel:
    """Return a wrapped label in the colour of hints."""
    label = QLabel(text)
    label.setWordWrap(True)
    label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
    return label


def heading_label(text: str = "") -> QLabel:
    """Return a label in semi-bold type."""
    label = QLabel(text)
    font = label.font()
    font.setWeight(QFont.Weight.DemiBold)
    label.setFont(font)
    return label
