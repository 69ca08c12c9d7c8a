"""One image of the light table, with its cluster below."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QVBoxLayout, QWidget

from defect_workbench.gui.inspector.image_view import ImageView

_FRAME = 2
_PADDING = 8


class Pane(QWidget):
    """An image with a caption. Signals: clicked."""

    clicked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.view = ImageView(scale_bar=True)
        self.image: int | None = None
        self._colour, self._words, self._current = "", "", False
        layout = QVBoxLayout(self)
        layout.addWidget(self.view)
        self.view.pressed.connect(self.clicked)
        self._make_room()

    def _make_room(self) -> None:
        layout = self.layout()
        assert layout is not None
        below = self.fontMetrics().height() + _PADDING
        layout.setContentsMargins(_FRAME, _FRAME, _FRAME, below)

    def show_caption(self, colour: str, words: str, *, current: bool) -> None:
        """Show the colour of the image's cluster and a text; frame the current image."""
        self._colour, self._words, self._current = colour, words, current
        self.setAccessibleName(words)
        self._make_room()
        self.update()

    @property
    def words(self) -> str:
        """The caption."""
        return self._words

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Make the image the current one."""
        self.clicked.emit()
        super().mousePressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the caption, and the frame of the current image."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.palette().base())
        if not self._words:
            return
        height = self.fontMetrics().height()
        place = QRect(_PADDING, self.height() - height - 4, self.width() - 2 * _PADDING, height)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._colour))
        painter.drawRoundedRect(QRect(place.left(), place.center().y() - 5, 12, 12), 3, 3)
        painter.setPen(self.palette().color(QPalette.ColorRole.Text))
        place.setLeft(place.left() + 18)
        elided = self.fontMetrics().elidedText(self._words, Qt.TextElideMode.ElideRight, place.width())
        painter.drawText(place, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), elided)
        if self._current:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), _FRAME))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
