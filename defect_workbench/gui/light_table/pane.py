"""One image of the light table, with its cluster below."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen, QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from defect_workbench.app.tooltips import plain_tip
from defect_workbench.gui.inspector.image_view import ImageView

_FRAME = 2
_PADDING = 8
_LEAST_IMAGE = 56
# Width of the colour before the caption.
_SQUARE = 18


class Pane(QWidget):
    """An image with a caption. Signals: clicked, width_changed."""

    clicked = Signal()
    width_changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.view = ImageView(scale_bar=True)
        # Twelve images and their captions have to fit into a small window.
        self.view.setMinimumSize(_LEAST_IMAGE, _LEAST_IMAGE)
        self.image: int | None = None
        self._colour, self._words, self._current = "", "", False
        self._lines = 1
        layout = QVBoxLayout(self)
        layout.addWidget(self.view)
        self.view.pressed.connect(self.clicked)
        self._make_room()

    def _make_room(self) -> None:
        layout = self.layout()
        assert layout is not None
        below = self._lines * self.fontMetrics().height() + _PADDING
        layout.setContentsMargins(_FRAME, _FRAME, _FRAME, below)

    def show_caption(self, colour: str, words: str, *, current: bool) -> None:
        """Show the colour of the image's cluster and a text; frame the current image."""
        self._colour, self._words, self._current = colour, words, current
        self.setAccessibleName(words)
        # Very long ones are cut even in two lines.
        self.setToolTip(plain_tip(words))
        self._make_room()
        self.update()

    @property
    def lines_needed(self) -> int:
        """Lines that the caption needs: one or two."""
        return 1 if self.fontMetrics().horizontalAdvance(self._words) <= self._text_width else 2

    def set_lines(self, lines: int) -> None:
        """Leave room for a caption of one or two lines."""
        self._lines = lines
        self._make_room()
        self.update()

    @property
    def shown_lines(self) -> tuple[str, ...]:
        """The caption as it is drawn, with what does not fit cut at the end."""
        metrics, width, words = self.fontMetrics(), self._text_width, self._words.split(" ")
        right = Qt.TextElideMode.ElideRight
        if self._lines == 1 or self.lines_needed == 1:
            return (metrics.elidedText(self._words, right, width),)
        fitting = len(words) - 1
        while fitting > 1 and metrics.horizontalAdvance(" ".join(words[:fitting])) > width:
            fitting -= 1
        # A separator neither ends nor begins a line.
        parts = (" ".join(words[:fitting]), " ".join(words[fitting:]))
        return tuple(metrics.elidedText(part.strip(" ·"), right, width) for part in parts)

    @property
    def _text_width(self) -> int:
        return self.width() - 2 * _PADDING - _SQUARE

    @property
    def words(self) -> str:
        """The caption."""
        return self._words

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Say that the caption may need another number of lines."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.width_changed.emit()

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
        line = self.fontMetrics().height()
        top = self.height() - self._lines * line - 4
        place = QRect(_PADDING, top, self.width() - 2 * _PADDING, line)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._colour))
        painter.drawRoundedRect(QRect(place.left(), place.center().y() - 5, 12, 12), 3, 3)
        painter.setPen(self.palette().color(QPalette.ColorRole.Text))
        place.setLeft(place.left() + _SQUARE)
        for words in self.shown_lines:
            painter.drawText(place, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), words)
            place.translate(0, line)
        if self._current:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), _FRAME))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
