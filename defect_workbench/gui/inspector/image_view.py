"""A picture that fits its place, and can be zoomed and panned."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPalette, QPixmap, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from defect_workbench.gui.inspector.scale_bar import draw_scale_bar

_MOST_ZOOM = 24.0


class PictureView(QWidget):
    """A pixmap as large as fits; the wheel zooms at the mouse, dragging pans, a double click fits."""

    def __init__(self, parent: QWidget | None = None, *, scale_bar: bool = False) -> None:
        super().__init__(parent)
        self._scale_bar = scale_bar
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(120, 110)
        self._pixmap: QPixmap | None = None
        self._message = ""
        self._zoom = 1.0
        self._shift = QPointF()
        self._grabbed: QPointF | None = None
        self._pixel_size: float | None = None
        self._left_out = 0

    def set_pixel_size(self, nanometres: float | None) -> None:
        """Of a pixel of the picture; None where it is not known, the scale bar then counts pixels."""
        self._pixel_size = nanometres
        self.update()

    def set_left_out(self, rows: int) -> None:
        """Dim rows at the bottom that the features do not see."""
        self._left_out = rows
        self.update()

    def show_pixmap(self, pixmap: QPixmap | None, message: str, *, keep_view: bool = False) -> None:
        """Show a picture, or a message in its place; fitted unless the view is kept."""
        self._pixmap, self._message = pixmap, message
        if not keep_view:
            self.fit()
        self.update()

    def fit(self) -> None:
        """The whole picture, as large as there is room for."""
        self._zoom, self._shift = 1.0, QPointF()
        self.update()

    @property
    def message(self) -> str:
        """What is shown in place of a picture."""
        return self._message

    @property
    def has_picture(self) -> bool:
        """Whether a picture is shown."""
        return self._pixmap is not None

    @property
    def zoom(self) -> float:
        """1 where the picture is fitted."""
        return self._zoom

    def sizeHint(self) -> QSize:
        """A square of some size."""
        return QSize(300, 300)

    def _target(self) -> QRectF:
        assert self._pixmap is not None
        room = QRectF(self.rect()).adjusted(8, 8, -8, -8)
        ratio = self._pixmap.devicePixelRatio()
        width, height = self._pixmap.width() / ratio, self._pixmap.height() / ratio
        scale = min(room.width() / width, room.height() / height) * self._zoom
        target = QRectF(0, 0, width * scale, height * scale)
        target.moveCenter(room.center() + self._shift)
        return target

    def paintEvent(self, event: QPaintEvent) -> None:
        """The picture or the message."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.palette().base())
        if self._pixmap is None:
            painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
            room = self.rect().adjusted(16, 16, -16, -16)
            flags = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
            painter.drawText(room, flags, self._message)
            return
        # Enlarged pixels are shown as they are: a person who zooms in wants to see them.
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._zoom <= 3)
        target = self._target()
        painter.drawPixmap(target, self._pixmap, QRectF(self._pixmap.rect()))
        kept = QRectF(target)
        if self._left_out:
            self._dim(painter, target, self._left_out / self._pixmap.height())
            kept.setHeight(target.height() * (1 - self._left_out / self._pixmap.height()))
        if self._scale_bar:
            seen = kept.intersected(QRectF(self.rect()))
            draw_scale_bar(painter, seen, target.width() / self._pixmap.width(), self._pixel_size)

    def _dim(self, painter: QPainter, target: QRectF, share: float) -> None:
        bar = QRectF(target)
        bar.setTop(target.bottom() - share * target.height())
        shade = self.palette().color(QPalette.ColorRole.Base)
        shade.setAlpha(150)
        painter.fillRect(bar, shade)
        painter.setPen(self.palette().color(QPalette.ColorRole.Highlight))
        painter.drawLine(bar.topLeft(), bar.topRight())

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom where the mouse is."""
        if self._pixmap is None:
            return
        before = self._zoom
        self._zoom = min(max(before * 1.25 ** (event.angleDelta().y() / 120), 1.0), _MOST_ZOOM)
        if self._zoom == 1.0:
            self._shift = QPointF()
        else:
            middle = QRectF(self.rect()).center() + self._shift
            self._shift -= (event.position() - middle) * (self._zoom / before - 1)
        self.update()
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of the picture."""
        if event.button() == Qt.MouseButton.LeftButton and self._zoom > 1:
            self._grabbed = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move it."""
        if self._grabbed is not None:
            self._shift += event.position() - self._grabbed
            self._grabbed = event.position()
            self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let it go."""
        self._grabbed = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Fit it."""
        self.fit()
