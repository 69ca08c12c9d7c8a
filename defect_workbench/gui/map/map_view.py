"""The map: one point per image, coloured by cluster or by a column.

NumPy writes the points into an image, so that tens of thousands are drawn without delay.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QPolygonF,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from defect_workbench.app.document.colouring import Colouring, colour_by
from defect_workbench.app.document.columns import Column
from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.image_loading.thumbnail_loader import ThumbnailLoader
from defect_workbench.core.arrays import Flags, Floats, Integers
from defect_workbench.core.project.palette import NEUTRAL
from defect_workbench.gui.map.map_legend import draw_legend
from defect_workbench.gui.shared.copying import offer_copy

_MARGIN = 40
_MEDOID = 52
_MOST_ZOOM = 60.0
_LASSO_CORNERS = 120
# From a point to the mouse that is on it, in pixels.
_CLOSE = 10


class MapView(QWidget):
    """A left drag draws a lasso, another drag pans, the wheel zooms, a double click shows all points.

    Signals: images_chosen(images, add) after a lasso or a click.
    """

    images_chosen = Signal(list, bool)

    def __init__(self, document: Document, loader: ThumbnailLoader, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("map")
        self.setAccessibleName("Map of the images")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self._document, self._loader = document, loader
        self._points: Floats = np.empty((0, 2))
        self._chosen: Integers = np.empty(0, np.intp)
        self._zoom, self._centre = 1.0, QPointF(0.5, 0.5)
        self._lasso: list[QPointF] = []
        self._panning: QPointF | None = None
        self._pressed = QPointF()
        self._image: QImage | None = None
        self._colouring: Colouring | None = None
        self._column = ""
        offer_copy(self, "map")
        # At the press, it would end panning with the right button.
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        document.partition_changed.connect(self._redraw)
        loader.ready.connect(lambda _: self.update())

    def set_points(self, points: Floats) -> None:
        """Show new positions, (n, 2), one per image."""
        low, high = points.min(axis=0, initial=0.0), points.max(axis=0, initial=0.0)
        if len(points):
            low, high = points.min(axis=0), points.max(axis=0)
        span = max(float((high - low).max()), 1e-12)
        self._points = (points - (low + high) / 2) / span + 0.5
        self.show_all()

    def colour_by(self, column: Column | None) -> None:
        """Colour the points by a column; None colours them by cluster."""
        self._column = "" if column is None else column.name
        self._colouring = None if column is None else colour_by(column)
        self._redraw()

    def set_chosen(self, images: Integers) -> None:
        """Mark images as selected."""
        self._chosen = images
        self._redraw()

    def show_all(self) -> None:
        """Show all points."""
        self._zoom, self._centre = 1.0, QPointF(0.5, 0.5)
        self._redraw()

    def sizeHint(self) -> QSize:
        """Return the size of the gallery."""
        return QSize(640, 480)

    # Geometry

    def _scale(self) -> float:
        return max(20.0, min(self.width(), self.height()) - 2.0 * _MARGIN) * self._zoom

    def screen_points(self) -> Floats:
        """Return (n, 2) positions of the images, in widget coordinates."""
        offset = np.array([self.width() / 2, self.height() / 2])
        centre = np.array([self._centre.x(), self._centre.y()])
        places = (self._points - centre) * self._scale()
        places[:, 1] *= -1
        return np.asarray(places + offset)

    def image_at(self, place: QPoint) -> int | None:
        """Return the image whose point is nearest to a place, or None if none is close."""
        if not len(self._points):
            return None
        away = np.hypot(*(self.screen_points() - np.array([place.x(), place.y()])).T)
        nearest = int(away.argmin())
        return nearest if away[nearest] < _CLOSE else None

    # Painting

    def _redraw(self) -> None:
        self._image = None
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Redraw for another size."""
        self._redraw()

    def changeEvent(self, event: QEvent) -> None:
        """Redraw in other colours."""
        if event.type() == QEvent.Type.PaletteChange:
            self._redraw()
        super().changeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw points, medoids, legend and lasso."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.palette().base())
        partition = self._document.partition
        if partition is None or not len(self._points) or len(self._points) != len(partition.vectors):
            painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
            words = "The map appears once all images have been compared"
            painter.drawText(self.rect(), int(Qt.AlignmentFlag.AlignCenter), words)
            return
        # Of a copy at another resolution, not of the screen.
        ratio = painter.deviceTransform().m11()
        if self._image is None or self._image.devicePixelRatio() != ratio:
            self._image = self._draw_points(ratio)
        painter.drawImage(0, 0, self._image)
        self._draw_medoids(painter)
        if self._colouring is not None:
            draw_legend(painter, self, self._column, self._colouring)
        if len(self._lasso) > 1:
            accent = self.palette().color(QPalette.ColorRole.Highlight)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(accent, 1.5))
            accent.setAlpha(40)
            painter.setBrush(accent)
            painter.drawPolygon(QPolygonF(self._lasso))

    def _colours(self) -> NDArray[np.uint32]:
        partition = self._document.partition
        assert partition is not None
        if self._colouring is not None:
            return self._colouring.shades
        shades = [QColor(self._document.colour(cluster)).rgb() for cluster in partition.clusters]
        table = np.array([*shades, QColor(NEUTRAL).rgb()], np.uint32)
        return np.asarray(table[partition.cluster_of])

    def _draw_points(self, ratio: float) -> QImage:
        width, height = max(1, round(self.width() * ratio)), max(1, round(self.height() * ratio))
        pixels = np.zeros((height, width), np.uint32)
        places = np.rint(self.screen_points() * ratio).astype(np.int64)
        radius = max(2, round(2.6 * ratio)) if len(places) < 20_000 else max(1, round(1.4 * ratio))
        ringed = places[self._chosen]
        accent = self.palette().color(QPalette.ColorRole.Highlight).rgb()
        _stamp(pixels, ringed, radius + max(2, round(2 * ratio)), np.full(len(ringed), accent, np.uint32))
        _stamp(pixels, places, radius, self._colours())
        image = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_ARGB32).copy()
        image.setDevicePixelRatio(ratio)
        return image

    def _draw_medoids(self, painter: QPainter) -> None:
        """Draw the medoids of the largest clusters next to their points, where there is room."""
        project, partition = self._document.project, self._document.partition
        assert project is not None
        assert partition is not None
        places = self.screen_points()
        occupied: list[QRectF] = []
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for cluster in partition.clusters[:40]:
            medoid = int(cluster.members[0])
            x, y = places[medoid].tolist()
            frame = QRectF(x + 7, y - _MEDOID - 7, _MEDOID, _MEDOID)
            if not QRectF(self.rect()).contains(frame) or any(frame.intersects(other) for other in occupied):
                continue
            pixmap = self._loader.get(str(project.images.absolute(medoid)))
            if pixmap is None:
                continue
            occupied.append(frame)
            painter.drawPixmap(frame, pixmap, QRectF(pixmap.rect()))
            painter.setPen(QPen(QColor(self._document.colour(cluster)), 2.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(frame)
            painter.drawLine(QPointF(x, y), frame.bottomLeft())

    # Mouse

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom at the mouse."""
        before = self._scale()
        self._zoom = min(max(self._zoom * 1.25 ** (event.angleDelta().y() / 120), 0.5), _MOST_ZOOM)
        away = event.position() - QPointF(self.width() / 2, self.height() / 2)
        shift = 1 / before - 1 / self._scale()
        self._centre += QPointF(away.x() * shift, -away.y() * shift)
        self._redraw()
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a lasso, or begin to pan."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._lasso = [event.position()]
        else:
            self._panning = self._pressed = event.position()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Extend the lasso, or pan."""
        if self._lasso:
            self._lasso.append(event.position())
            self.update()
        elif self._panning is not None:
            moved = event.position() - self._panning
            self._panning = event.position()
            self._centre -= QPointF(moved.x() / self._scale(), -moved.y() / self._scale())
            self._redraw()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Select the images in the lasso or the one that was clicked; show the menu after a right click."""
        self._panning = None
        self.unsetCursor()
        moved = (event.position() - self._pressed).manhattanLength()
        if event.button() == Qt.MouseButton.RightButton and moved < QApplication.startDragDistance():
            menu = QMenu(self)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.addActions(self.actions())
            menu.popup(event.globalPosition().toPoint())
        if not self._lasso or event.button() != Qt.MouseButton.LeftButton:
            return
        corners, self._lasso = self._lasso, []
        self.update()
        if not len(self._points):
            return
        places = self.screen_points()
        if len(corners) > 3:
            chosen = np.flatnonzero(inside(places, corners))
        else:
            nearest = self.image_at(event.position().toPoint())
            chosen = np.array([] if nearest is None else [nearest], np.intp)
        add = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        self.images_chosen.emit(chosen.tolist(), add)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Show all points."""
        self.show_all()


def _stamp(
    pixels: NDArray[np.uint32], places: NDArray[np.int64], radius: int, colours: NDArray[np.uint32]
) -> None:
    """Write filled discs, later ones over earlier ones."""
    height, width = pixels.shape
    for dy in range(-radius, radius + 1):
        for dx in range(-radius, radius + 1):
            if dx * dx + dy * dy > radius * radius + 1:
                continue
            x, y = places[:, 0] + dx, places[:, 1] + dy
            visible = (x >= 0) & (x < width) & (y >= 0) & (y < height)
            pixels[y[visible], x[visible]] = colours[visible]


def inside(places: Floats, corners: list[QPointF]) -> Flags:
    """Return (n,) which points are inside a polygon, by the even-odd rule."""
    step = max(1, len(corners) // _LASSO_CORNERS)
    polygon = np.array([(corner.x(), corner.y()) for corner in corners[::step]])
    result = np.zeros(len(places), bool)
    x, y = places[:, 0], places[:, 1]
    for (x0, y0), (x1, y1) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        if y0 != y1:
            crosses = (y0 > y) != (y1 > y)
            result ^= crosses & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
    return result
