"""Labels that more than one panel uses."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QLabel, QPushButton, QSizePolicy, QStyle, QStyleOptionButton, QStylePainter

from defect_workbench.app.tooltips import plain_tip

# Margins of a button.
_AROUND_TEXT = 12


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
        self.setToolTip(plain_tip(text))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw as much of the text as there is room for."""
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        text = self.fontMetrics().elidedText(self.text(), self._elide, self.width())
        painter.drawText(self.rect(), int(self.alignment()), text)


class ElidedButton(QPushButton):
    """A button with a menu, whose text is shortened to the room there is."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw as much of the text as there is room for."""
        option = QStyleOptionButton()
        self.initStyleOption(option)
        arrow = self.style().pixelMetric(QStyle.PixelMetric.PM_MenuButtonIndicator, option, self)
        room = self.width() - arrow - _AROUND_TEXT
        option.text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, room)
        QStylePainter(self).drawControl(QStyle.ControlElement.CE_PushButton, option)


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
