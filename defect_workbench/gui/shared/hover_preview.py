"""A larger picture of the image under the mouse, with its name and cluster."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QHelpEvent, QPalette, QPixmap
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.image_loading.thumbnail_loader import ThumbnailLoader
from defect_workbench.gui.painting.image_painting import with_edge

_SIDE = 320
_AWAY = 18


class HoverPreview(QFrame):
    """Shows a picture beside the mouse after it has rested on an image; it goes when the mouse moves on.

    Parameters
    ----------
    loader : ThumbnailLoader
        Of thumbnails that are at least as large as the picture.
    """

    def __init__(self, document: Document, loader: ThumbnailLoader, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.ToolTip)
        # Before anything else: the event filter may be called while widgets are made.
        self._image_at: dict[QObject, Callable[[QPoint], int | None]] = {}
        self._document, self._loader = document, loader
        self._path = ""
        self.image: int | None = None
        self.setObjectName("hoverPreview")
        self.setFrameShape(QFrame.Shape.Box)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.ToolTipBase)
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.picture = QLabel()
        self.picture.setFixedSize(_SIDE, _SIDE)
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.words = QLabel()
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setForegroundRole(QPalette.ColorRole.ToolTipText)
        self.words.setMaximumWidth(_SIDE)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addWidget(self.picture)
        layout.addWidget(self.words)
        loader.ready.connect(self._on_ready)

    def watch(self, widget: QWidget, image_at: Callable[[QPoint], int | None]) -> None:
        """Show previews over a widget.

        Parameters
        ----------
        image_at : callable
            Returns the image at a place of the widget, or None.
        """
        self._image_at[widget] = image_at
        widget.setMouseTracking(True)
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Show the picture when the mouse rests, and hide it when something else happens."""
        kind = event.type()
        if kind == QEvent.Type.ToolTip and isinstance(event, QHelpEvent) and watched in self._image_at:
            self._show(self._image_at[watched](event.pos()), event.globalPos())
            return True
        if kind == QEvent.Type.MouseMove or kind in _ENDS:
            self.hide()
        return super().eventFilter(watched, event)

    def _show(self, image: int | None, place: QPoint) -> None:
        project, partition = self._document.project, self._document.partition
        if image is None or project is None or partition is None or image >= len(project.images):
            self.hide()
            return
        self.image, record = image, project.images.images[image]
        self._path = str(project.images.absolute(image))
        number = int(partition.cluster_of[image])
        where = "Outlier" if number < 0 else partition.clusters[number].label
        self.words.setText(
            self.fontMetrics().elidedText(record.path, Qt.TextElideMode.ElideLeft, _SIDE)
            + f"\n{where}  ·  {record.width} × {record.height} px"
            + (f"\n{self._short(notes)}" if (notes := project.image_notes.words(image)) else "")
        )
        self._show_picture()
        self.adjustSize()
        screen = self.screen().availableGeometry()
        corner = place + QPoint(_AWAY, _AWAY)
        # Beside the mouse, never under it.
        if corner.x() + self.width() > screen.right():
            corner.setX(place.x() - _AWAY - self.width())
        if corner.y() + self.height() > screen.bottom():
            corner.setY(max(screen.top(), screen.bottom() - self.height()))
        self.move(corner)
        self.show()

    def _short(self, text: str) -> str:
        return self.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, _SIDE)

    def _show_picture(self) -> None:
        pixmap = self._loader.get(self._path)
        if pixmap is None:
            self.picture.setPixmap(QPixmap())
            self.picture.setText(
                "This image cannot be read" if self._loader.failed(self._path) else "Loading…"
            )
            return
        self.picture.setPixmap(with_edge(pixmap, _SIDE))

    def _on_ready(self, path: str) -> None:
        if self.isVisible() and path == self._path:
            self._show_picture()


_ENDS = {
    QEvent.Type.Leave,
    QEvent.Type.MouseButtonPress,
    QEvent.Type.Wheel,
    QEvent.Type.KeyPress,
    QEvent.Type.Hide,
    QEvent.Type.FocusOut,
}
