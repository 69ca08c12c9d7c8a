"""A cluster that an outlier could be moved into."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from defect_workbench.app.image_loading.thumbnail_loader import ThumbnailLoader
from defect_workbench.app.tooltips import plain_tip
from defect_workbench.core.images.image_records import ImageSet
from defect_workbench.core.project.decisions import Cluster
from defect_workbench.gui.painting.image_painting import draw_thumbnail

_IMAGES = 3
# Height of the margins around the texts, and of the smallest thumbnails that show anything, in pixels. Below
# the third height the distance stands beside the thumbnails, not below them.
_SMALLEST = 30
_SMALLEST_IMAGE = 24
_ROOMY_IMAGE = 36
_GAP = 4
_NARROWEST = 110
# Width of the colour before the name.
_SWATCH = 15
_MIDDLE = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)


class CandidateCard(QWidget):
    """Shows a cluster with its key, name, first images and distance. Signals: clicked."""

    clicked = Signal()

    def __init__(self, number: int, loader: ThumbnailLoader) -> None:
        super().__init__()
        self._number, self._loader = number, loader
        self._cluster: Cluster | None = None
        self._images: ImageSet | None = None
        self._colour, self._distance = "", 0.0
        self._hovered = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setMinimumWidth(_NARROWEST)
        loader.ready.connect(lambda _: self.update())

    def show_cluster(
        self, cluster: Cluster | None, images: ImageSet | None, colour: str, distance: float
    ) -> None:
        """Show a cluster; None shows nothing."""
        self._cluster, self._images, self._colour, self._distance = cluster, images, colour, distance
        self.setVisible(cluster is not None)
        if cluster is not None:
            words = f"Shift+{self._number}: move the image to {cluster.label} (distance {distance:.3f})"
            self.setToolTip(plain_tip(words))
            self.setAccessibleName(words)
        self.update()

    def sizeHint(self) -> QSize:
        """Return the size of the name and a row of thumbnails."""
        return QSize(180, 120)

    def minimumSizeHint(self) -> QSize:
        """Return the size of the name and the smallest thumbnails, with the distance beside them."""
        line = self.fontMetrics().height()
        return QSize(_NARROWEST, line + max(line, _SMALLEST_IMAGE) + _SMALLEST)

    def enterEvent(self, event: QEvent) -> None:
        """Highlight the card."""
        self._hovered = True
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Remove the highlight."""
        self._hovered = False
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Choose the cluster."""
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.clicked.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the key, colour, name, first images and distance of the cluster."""
        if self._cluster is None or self._images is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Midlight), 1))
        lit = QPalette.ColorRole.AlternateBase if self._hovered else QPalette.ColorRole.Base
        painter.setBrush(self.palette().color(lit))
        painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), 6, 6)
        metrics = self.fontMetrics()
        line = metrics.height()
        words = f"\u21e7{self._number}"
        key = QRect(8, 8, metrics.horizontalAdvance(words) + 10, line + 4)
        name = QRect(key.right() + 8, key.top(), self.width() - key.right() - 16, key.height())
        is_narrow = _SWATCH + metrics.horizontalAdvance(self._cluster.label) > name.width()
        if is_narrow:
            # The name has the first line to itself.
            name = QRect(6, 6, self.width() - 10, line)
            key.moveTop(name.bottom() + 5)
        self._paint_key(painter, key, words)
        self._paint_name(painter, name)
        beside_key = QRect(key.right() + 8, key.top(), self.width() - key.right() - 16, key.height())
        below, bottom = key.bottom() + 5, self.height() - 7
        if not is_narrow and bottom - below - line - 10 >= _ROOMY_IMAGE:
            images = self._paint_images(painter, 8, below + 3, bottom - line - 7)
            place = QRect(8, images.bottom() + 5, self.width() - 16, line)
        elif not is_narrow:
            images = self._paint_images(painter, 8, below, bottom)
            beside = images.right() + 9
            place = QRect(beside, images.top(), self.width() - 8 - beside, images.height())
        elif bottom - below >= _SMALLEST_IMAGE:
            self._paint_images(painter, 8, below, bottom)
            place = beside_key
        else:
            self._paint_images(painter, beside_key.left(), key.top(), bottom)
            place = QRect()
        painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
        # Where there is no room at all, the tooltip has it.
        for words in (f"distance {self._distance:.2f}", f"{self._distance:.2f}"):
            if metrics.horizontalAdvance(words) <= place.width():
                painter.drawText(place, _MIDDLE, words)
                break

    def _paint_key(self, painter: QPainter, place: QRect, words: str) -> None:
        """Draw the key to press, as a key."""
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Mid), 1))
        painter.drawRoundedRect(place, 4, 4)
        painter.setPen(self.palette().color(QPalette.ColorRole.Text))
        painter.drawText(place, int(Qt.AlignmentFlag.AlignCenter), words)

    def _paint_name(self, painter: QPainter, place: QRect) -> None:
        """Draw colour and name of the cluster."""
        assert self._cluster is not None
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._colour))
        painter.drawRoundedRect(QRect(place.left(), place.center().y() - 5, 12, 12), 3, 3)
        painter.setPen(self.palette().color(QPalette.ColorRole.Text))
        room = place.adjusted(_SWATCH, 0, 0, 0)
        name = self.fontMetrics().elidedText(self._cluster.label, Qt.TextElideMode.ElideMiddle, room.width())
        painter.drawText(room, _MIDDLE, name)

    def _paint_images(self, painter: QPainter, left: int, top: int, bottom: int) -> QRect:
        """Draw the first images between two heights, as many as fit; return where they are."""
        assert self._cluster is not None
        assert self._images is not None
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        room = self.width() - 8 - left
        side = max(8, min(bottom - top, (room - _GAP * (_IMAGES - 1)) // _IMAGES))
        if side < _SMALLEST_IMAGE:
            side = max(8, min(bottom - top, (room - _GAP) // 2))
        fitting = min(_IMAGES, (room + _GAP) // (side + _GAP))
        shown = self._cluster.members[:fitting].tolist()
        for number, image in enumerate(shown):
            place = QRect(left + number * (side + _GAP), top, side, side)
            pixmap = self._loader.get(str(self._images.absolute(image)))
            if pixmap is None:
                painter.fillRect(place, self.palette().color(QPalette.ColorRole.Midlight))
            else:
                draw_thumbnail(painter, pixmap, place)
        return QRect(left, top, len(shown) * (side + _GAP) - _GAP, side)
