"""A plane of points, one per image: zoom, pan, and selection with lasso, rectangle and clicks.

NumPy writes the points into an image, so that a hundred thousand are drawn without delay.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
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

from defect_workbench.app.columns import Column
from defect_workbench.app.document.colouring import Colouring, colour_by
from defect_workbench.core.arrays import Floats, Integers
from defect_workbench.gui.map.map_legend import draw_legend
from defect_workbench.gui.map.point_drawing import inside, stamp
from defect_workbench.gui.shared.copying import offer_copy

_MARGIN = 40
_MOST_ZOOM = 60.0
# From a point to the mouse that is on it, in pixels.
_CLOSE = 10
# Above this number, points are smaller.
_MANY = 20_000


class PointPlane(QWidget):
    """A left drag draws a lasso, with Shift a rectangle; another drag pans, the wheel zooms.

    A double click shows all points. Signals: images_chosen(images, add) after a lasso or a click.

    Parameters
    ----------
    name : str
        What it is, as in "Copy map".
    """

    images_chosen = Signal(list, bool)
    # Around all points, in pixels.
    margin = _MARGIN

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self._points: Floats = np.empty((0, 2))
        # The images that have a point.
        self._shown: Integers = np.empty(0, np.intp)
        self._extent = 1.0, 1.0
        self._chosen: Integers = np.empty(0, np.intp)
        self._zoom, self._centre = 1.0, QPointF(0.5, 0.5)
        self._lasso: list[QPointF] = []
        self._is_rectangle = False
        self._panning: QPointF | None = None
        self._pressed = QPointF()
        self._image: QImage | None = None
        self._colouring: Colouring | None = None
        self._column = ""
        offer_copy(self, name)
        # At the press, it would end panning with the right button.
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)

    # What kinds of planes differ in

    def placeholder(self) -> str:
        """Return what to say in place of points; empty if there are points to draw."""
        return ""

    def cluster_colours(self) -> NDArray[np.uint32]:
        """Return the colour of each image by its cluster, 0xFFRRGGBB, (n,)."""
        raise NotImplementedError

    def draw_below(self, painter: QPainter) -> None:
        """Draw what lies below the points; kept with them until something changes."""

    def draw_above(self, painter: QPainter) -> None:
        """Draw what lies above the points."""

    # State

    def use_points(self, points: Floats, extent: tuple[float, float]) -> None:
        """Take new positions, (n, 2), NaN for images without one; all are within (0, 0) and `extent`."""
        self._points, self._extent = points, extent
        self._shown = np.flatnonzero(np.isfinite(points).all(axis=1))

    def colour_by(self, column: Column | None) -> None:
        """Colour the points by a column; None colours them by cluster."""
        self._column = "" if column is None else column.name
        self._colouring = None if column is None else colour_by(column)
        self.redraw()

    def set_chosen(self, images: Integers) -> None:
        """Mark images as selected."""
        self._chosen = images
        self.redraw()

    def show_all(self) -> None:
        """Show all points."""
        self._zoom, self._centre = 1.0, QPointF(self._extent[0] / 2, self._extent[1] / 2)
        self.redraw()

    def sizeHint(self) -> QSize:
        """Return the size of the gallery."""
        return QSize(640, 480)

    # Geometry

    def scale(self) -> float:
        """Return pixels per unit."""
        width, height = self.width() - 2.0 * self.margin, self.height() - 2.0 * self.margin
        return max(20.0, min(width / self._extent[0], height / self._extent[1])) * self._zoom

    def screen_points(self) -> Floats:
        """Return (n, 2) positions of the images, in widget coordinates."""
        return self.on_screen(self._points)

    def on_screen(self, points: Floats) -> Floats:
        """Return (k, 2) points of the plane in widget coordinates."""
        scale = self.scale()
        x = self.width() / 2 - self._centre.x() * scale
        y = self.height() / 2 + self._centre.y() * scale
        return np.asarray(points * np.array([scale, -scale]) + np.array([x, y]))

    def image_at(self, place: QPoint) -> int | None:
        """Return the image whose point is nearest to a place, or None if none is close."""
        if not len(self._shown):
            return None
        points = self.on_screen(self._points[self._shown])
        away = np.hypot(*(points - np.array([place.x(), place.y()])).T)
        nearest = int(away.argmin())
        return int(self._shown[nearest]) if away[nearest] < _CLOSE else None

    # Painting

    def redraw(self) -> None:
        """Draw points and what lies below them again."""
        self._image = None
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Redraw for another size."""
        self.redraw()

    def changeEvent(self, event: QEvent) -> None:
        """Redraw in other colours."""
        if event.type() == QEvent.Type.PaletteChange:
            self.redraw()
        super().changeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw points, what lies below and above them, legend and lasso."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.palette().base())
        words = self.placeholder()
        if words:
            painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
            flags = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
            painter.drawText(self.rect().adjusted(_MARGIN, 0, -_MARGIN, 0), flags, words)
            return
        # Of a copy at another resolution, not of the screen.
        ratio = painter.deviceTransform().m11()
        if self._image is None or self._image.devicePixelRatio() != ratio:
            self._image = self._draw_image(ratio)
        painter.drawImage(0, 0, self._image)
        self.draw_above(painter)
        if self._colouring is not None:
            draw_legend(painter, self, self._column, self._colouring)
        if len(self._lasso) > 1:
            accent = self.palette().color(QPalette.ColorRole.Highlight)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(accent, 1.5))
            accent.setAlpha(40)
            painter.setBrush(accent)
            painter.drawPolygon(QPolygonF(self._corners()))

    def _draw_image(self, ratio: float) -> QImage:
        width, height = max(1, round(self.width() * ratio)), max(1, round(self.height() * ratio))
        image = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)
        image.setDevicePixelRatio(ratio)
        image.fill(Qt.GlobalColor.transparent)
        below = QPainter(image)
        self.draw_below(below)
        below.end()
        pixels = np.frombuffer(image.bits(), np.uint32).reshape(height, width)
        points = self.screen_points()
        points *= ratio
        every = len(self._shown) == len(points)
        places = np.rint(points if every else points[self._shown]).astype(np.int64)
        few = len(places) < _MANY
        radius = max(2, round(2.6 * ratio)) if few else max(1, round(1.4 * ratio))
        chosen = self._chosen[self._chosen < len(points)]
        chosen = chosen[np.isfinite(points[chosen]).all(axis=1)]
        ringed = np.rint(points[chosen]).astype(np.int64)
        accent = self.palette().color(QPalette.ColorRole.Highlight).rgb()
        stamp(pixels, ringed, radius + max(2, round(2 * ratio)), np.full(len(ringed), accent, np.uint32))
        shades = self._colouring.shades if self._colouring is not None else self.cluster_colours()
        stamp(pixels, places, radius, shades if every else shades[self._shown])
        return image

    # Mouse

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom at the mouse."""
        before = self.scale()
        self._zoom = min(max(self._zoom * 1.25 ** (event.angleDelta().y() / 120), 0.5), _MOST_ZOOM)
        away = event.position() - QPointF(self.width() / 2, self.height() / 2)
        shift = 1 / before - 1 / self.scale()
        self._centre += QPointF(away.x() * shift, -away.y() * shift)
        self.redraw()
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a lasso or a rectangle, or begin to pan."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._lasso = [event.position()]
            self._is_rectangle = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        else:
            self._panning = self._pressed = event.position()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Extend the lasso or the rectangle, or pan."""
        if self._lasso:
            self._lasso.append(event.position())
            self.update()
        elif self._panning is not None:
            moved = event.position() - self._panning
            self._panning = event.position()
            self._centre -= QPointF(moved.x() / self.scale(), -moved.y() / self.scale())
            self.redraw()

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
        corners, dragged = self._corners(), len(self._lasso) > 3
        self._lasso = []
        self.update()
        if not len(self._shown):
            return
        if dragged:
            points = self.on_screen(self._points[self._shown])
            chosen = self._shown[inside(points, corners)]
        else:
            nearest = self.image_at(event.position().toPoint())
            chosen = np.array([] if nearest is None else [nearest], np.intp)
        add = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        self.images_chosen.emit(chosen.tolist(), add)

    def _corners(self) -> list[QPointF]:
        """Return the corners of the lasso, or of the rectangle between its ends."""
        if not self._is_rectangle or len(self._lasso) < 2:
            return self._lasso
        box = QRectF(self._lasso[0], self._lasso[-1])
        return [box.topLeft(), box.topRight(), box.bottomRight(), box.bottomLeft()]

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Show all points."""
        self.show_all()
