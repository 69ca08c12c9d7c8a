"""The most similar images, in a row."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from defect_workbench.app.image_loading.thumbnail_loader import ThumbnailLoader
from defect_workbench.app.tooltips import plain_tip
from defect_workbench.gui.painting.image_painting import draw_thumbnail
from defect_workbench.gui.shared.map_overlays import MapOverlays

_SIDE, _GAP = 48, 6


@dataclass(frozen=True)
class Neighbour:
    """A similar image: its file, the colour of its cluster, and its tooltip."""

    image: int
    path: str
    colour: str
    tooltip: str


class NeighbourStrip(QWidget):
    """A row of similar images. Signals: chosen(image) when one is clicked."""

    chosen = Signal(int)

    def __init__(self, loader: ThumbnailLoader, overlays: MapOverlays, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("neighbours")
        self.setAccessibleName("Most similar images")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._loader, self._overlays = loader, overlays
        overlays.changed.connect(self.update)
        self.neighbours: tuple[Neighbour, ...] = ()
        loader.ready.connect(lambda _: self.update())

    def show_neighbours(self, neighbours: tuple[Neighbour, ...]) -> None:
        """Show neighbours, nearest first, as many as fit."""
        self.neighbours = neighbours
        self.update()

    def place(self, number: int) -> QRect:
        """Return where a neighbour is drawn."""
        return QRect(number * (_SIDE + _GAP), 0, _SIDE, _SIDE)

    @property
    def room(self) -> int:
        """The number of images that fit."""
        return max(1, (self.width() + _GAP) // (_SIDE + _GAP))

    def sizeHint(self) -> QSize:
        """Return the size of a row of thumbnails with their colours below."""
        return QSize(5 * (_SIDE + _GAP), _SIDE + 5)

    def _at(self, point: QPoint) -> Neighbour | None:
        number = point.x() // (_SIDE + _GAP)
        inside = 0 <= number < len(self.neighbours) and self.place(number).contains(point)
        return self.neighbours[number] if inside else None

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the thumbnails, each over the colour of its cluster."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for number, neighbour in enumerate(self.neighbours):
            place = self.place(number)
            if place.right() > self.width():
                break
            pixmap = self._loader.get(neighbour.path)
            if pixmap is None:
                painter.fillRect(place, self.palette().midlight())
            else:
                target = draw_thumbnail(painter, pixmap, place)
                self._overlays.paint(painter, QRectF(target), neighbour.image)
            painter.fillRect(QRect(place.left(), place.bottom() + 2, _SIDE, 3), QColor(neighbour.colour))

    def event(self, event: QEvent) -> bool:
        """Show the file and the distance of the neighbour under the mouse."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            neighbour = self._at(event.pos())
            words = plain_tip(neighbour.tooltip) if neighbour is not None else ""
            QToolTip.showText(event.globalPos(), words, self)
            return True
        return super().event(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Select the neighbour."""
        neighbour = self._at(event.position().toPoint())
        if neighbour is not None and event.button() == Qt.MouseButton.LeftButton:
            self.chosen.emit(neighbour.image)
