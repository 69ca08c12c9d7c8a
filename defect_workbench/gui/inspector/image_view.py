"""An image that fits the available space, and can be zoomed and panned."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QLineF, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QPixmap,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from defect_workbench.core.arrays import Vectors
from defect_workbench.gui.painting.box_painting import ShownBox, draw_boxes
from defect_workbench.gui.painting.image_painting import draw_edge
from defect_workbench.gui.painting.scale_bar import draw_scale_bar

_MOST_ZOOM = 24.0
# Blue is seen on grey images and beside the orange of the maps; the shade sets it apart from bright places.
_OUTLINE, _SHADE = QColor(0, 190, 255), QColor(0, 0, 0, 120)


class ImageView(QWidget):
    """A pixmap as large as fits; the wheel zooms at the mouse, dragging pans, a double click fits.

    Signals: view_changed(zoom, shift) when the user zooms or pans; pressed.
    """

    pressed = Signal()
    view_changed = Signal(float, QPointF)

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
        self._reduced = 1.0
        self._left_out = 0.0
        self._overlay: QImage | None = None
        self._outline: list[QLineF] = []
        self._boxes: tuple[ShownBox, ...] = ()
        self._boxes_in = (1, 1)

    def set_overlay(self, overlay: QImage | None) -> None:
        """Draw a translucent picture over the image, without its info bar; None removes it."""
        self._overlay = overlay
        self.update()

    def set_outline(self, lines: Vectors | None) -> None:
        """Draw lines over the image, relative to it without its info bar; None removes them."""
        rows = [] if lines is None else lines.tolist()
        self._outline = [QLineF(*row) for row in rows]
        self.update()

    def set_boxes(self, boxes: Sequence[ShownBox], size: tuple[int, int]) -> None:
        """Draw boxes of defects over the image, which is of this width and height in pixels."""
        self._boxes, self._boxes_in = tuple(boxes), size
        self.update()

    @property
    def shown_boxes(self) -> tuple[ShownBox, ...]:
        """The boxes that are drawn over the image."""
        return self._boxes

    @property
    def has_outline(self) -> bool:
        """Whether lines are drawn over the image."""
        return bool(self._outline)

    @property
    def has_overlay(self) -> bool:
        """Whether a picture is drawn over the image."""
        return self._overlay is not None

    def set_pixel_size(self, nanometres: float | None, reduced: float = 1.0) -> None:
        """Set the pixel size of the pixmap; if None, the scale bar is in pixels of the image.

        Parameters
        ----------
        reduced : float
            Pixels of the image per pixel of the pixmap.
        """
        self._pixel_size, self._reduced = nanometres, reduced
        self.update()

    def set_view(self, zoom: float, shift: QPointF) -> None:
        """Zoom and pan as another view of the same size."""
        self._zoom, self._shift = zoom, QPointF(shift)
        self.update()

    def set_left_out(self, share: float) -> None:
        """Dim a share of the height, at the bottom, that is cropped before features are computed."""
        self._left_out = share
        self.update()

    def show_pixmap(self, pixmap: QPixmap | None, message: str, *, keep_view: bool = False) -> None:
        """Show an image, or a message in its place; fit it unless the view is kept."""
        self._pixmap, self._message = pixmap, message
        if not keep_view:
            self.fit()
        self.update()

    def fit(self) -> None:
        """Show the whole image as large as possible."""
        self._zoom, self._shift = 1.0, QPointF()
        self.update()

    @property
    def message(self) -> str:
        """The text shown in place of an image."""
        return self._message

    @property
    def has_image(self) -> bool:
        """Whether an image is shown."""
        return self._pixmap is not None

    @property
    def zoom(self) -> float:
        """The zoom factor; 1 if the image is fitted."""
        return self._zoom

    def sizeHint(self) -> QSize:
        """Return a square size."""
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
        """Draw the image or the message."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.palette().base())
        if self._pixmap is None:
            painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
            room = self.rect().adjusted(16, 16, -16, -16)
            flags = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
            painter.drawText(room, flags, self._message)
            return
        # Zoomed in far enough, pixels are shown without interpolation, so that they can be inspected.
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._zoom <= 3)
        target = self._target()
        painter.drawPixmap(target, self._pixmap, QRectF(self._pixmap.rect()))
        draw_edge(painter, target)
        kept = QRectF(target)
        if self._left_out:
            self._dim(painter, target, self._left_out)
            kept.setHeight(target.height() * (1 - self._left_out))
        if self._overlay is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, True)
            painter.drawImage(kept, self._overlay)
        if self._outline:
            painter.save()
            painter.translate(kept.topLeft())
            painter.scale(kept.width(), kept.height())
            for colour, width in ((_SHADE, 4), (_OUTLINE, 2)):
                pen = QPen(colour, width)
                # As wide at every zoom.
                pen.setCosmetic(True)
                painter.setPen(pen)
                painter.drawLines(self._outline)
            painter.restore()
        draw_boxes(painter, self._boxes, target, self._boxes_in)
        if self._scale_bar:
            seen = kept.intersected(QRectF(self.rect()))
            scale = target.width() / self._pixmap.width()
            if self._pixel_size is None:
                scale /= self._reduced
            draw_scale_bar(painter, seen, scale, self._pixel_size)

    def _dim(self, painter: QPainter, target: QRectF, share: float) -> None:
        bar = QRectF(target)
        bar.setTop(target.bottom() - share * target.height())
        shade = self.palette().color(QPalette.ColorRole.Base)
        shade.setAlpha(150)
        painter.fillRect(bar, shade)
        painter.setPen(self.palette().color(QPalette.ColorRole.Highlight))
        painter.drawLine(bar.topLeft(), bar.topRight())

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom at the mouse."""
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
        self.view_changed.emit(self._zoom, self._shift)
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to pan."""
        if event.button() == Qt.MouseButton.LeftButton and self._zoom > 1:
            self._grabbed = event.position()
        self.pressed.emit()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Pan."""
        if self._grabbed is not None:
            self._shift += event.position() - self._grabbed
            self._grabbed = event.position()
            self.update()
            self.view_changed.emit(self._zoom, self._shift)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End panning."""
        self._grabbed = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Fit the image."""
        self.fit()
        self.view_changed.emit(self._zoom, self._shift)
