"""The images that arrived last, in a row, newest first."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, QSize, Qt
from PySide6.QtGui import QHelpEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from defect_workbench.app.image_loading.thumbnail_loader import ThumbnailLoader
from defect_workbench.app.tooltips import plain_tip
from defect_workbench.gui.painting.image_painting import draw_thumbnail

_SIDE, _GAP, _LIMIT = 88, 8, 24


class RecentStrip(QWidget):
    """Thumbnails with their labels below."""

    def __init__(self, loader: ThumbnailLoader, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("recentImages")
        self.setAccessibleName("Last images, newest first")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._loader = loader
        self._images: list[tuple[str, str]] = []
        loader.ready.connect(self._on_ready)

    @property
    def images(self) -> tuple[tuple[str, str], ...]:
        """File and label of each image, newest first."""
        return tuple(self._images)

    def add(self, images: list[tuple[str, str]]) -> None:
        """Add files with their labels, the newest last."""
        self._images = [*reversed(images), *self._images][:_LIMIT]
        self.setAccessibleDescription(", ".join(label for _, label in self._images))
        self.update()

    def clear(self) -> None:
        """Show no image."""
        self._images = []
        self.update()

    def sizeHint(self) -> QSize:
        """Return the size of a row of thumbnails with a line of text below."""
        return QSize(6 * (_SIDE + _GAP), _SIDE + self.fontMetrics().height() + 6)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw as many images as fit."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        metrics, palette = self.fontMetrics(), self.palette()
        if not self._images:
            painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
            painter.drawText(self.rect(), int(Qt.AlignmentFlag.AlignTop), "Nothing has arrived yet")
            return
        for number, (path, label) in enumerate(self._images):
            place = self._place(number)
            if place.right() > self.width():
                break
            pixmap = self._loader.get(path)
            if pixmap is None:
                painter.fillRect(place, palette.midlight())
            else:
                draw_thumbnail(painter, pixmap, place)
            below = QRect(place.left(), place.bottom() + 4, _SIDE, metrics.height())
            painter.setPen(palette.color(QPalette.ColorRole.WindowText))
            text = metrics.elidedText(label, Qt.TextElideMode.ElideRight, _SIDE)
            painter.drawText(below, int(Qt.AlignmentFlag.AlignHCenter), text)

    def event(self, event: QEvent) -> bool:
        """Show file and label of the image below the mouse."""
        if event.type() is QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            number = event.pos().x() // (_SIDE + _GAP)
            if 0 <= number < len(self._images) and self._place(number).contains(event.pos()):
                path, label = self._images[number]
                QToolTip.showText(event.globalPos(), plain_tip(f"{label}\n{path}"), self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    def _place(self, number: int) -> QRect:
        return QRect(number * (_SIDE + _GAP), 0, _SIDE, _SIDE)

    def _on_ready(self, path: str) -> None:
        if any(path == each for each, _ in self._images):
            self.update()
