"""A frame around the widget that has the focus, so that users of keys see where they are."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QPainter, QPaintEvent, QPalette, QPen, QRegion
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid

_WIDTH = 2
# A widget with this property shows the focus by itself.
SHOWS_FOCUS = "showsFocus"


class FocusRing(QWidget):
    """Frames the focus in one window after it was moved by anything but a click.

    Parameters
    ----------
    window : QWidget
        The window; panels that float apart from it, and dialogs, are other windows.
    """

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName("focusRing")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._framed: QWidget | None = None
        # The widget and what it is in, which may be scrolled.
        self._watched: list[QWidget] = []
        self.hide()

    @property
    def framed(self) -> QWidget | None:
        """The widget that is framed."""
        return self._framed if self.isVisible() else None

    def frame(self, widget: QWidget | None) -> None:
        """Frame another widget; None frames nothing."""
        for watched in self._watched:
            if isValid(watched):
                watched.removeEventFilter(self)
        self._framed, self._watched = widget, []
        if widget is None:
            self.hide()
            return
        inside: QWidget | None = widget
        while inside is not None and inside is not self.parentWidget():
            inside.installEventFilter(self)
            self._watched.append(inside)
            inside = inside.parentWidget()
        self._place()
        self.show()
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the widget."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Move):
            self._place()
        elif event.type() == QEvent.Type.Hide and watched is self._framed:
            self.hide()
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        widget, window = self._framed, self.parentWidget()
        if widget is None or window is None:
            return
        place = QRect(widget.mapTo(window, QPoint()), widget.size())
        for around in self._watched[1:]:
            # A widget may be scrolled out in part.
            place = place.intersected(QRect(around.mapTo(window, QPoint()), around.size()))
        place = place.adjusted(-_WIDTH, -_WIDTH, _WIDTH, _WIDTH).intersected(window.rect())
        self.setGeometry(place)
        inside = QRect(QPoint(), place.size()).adjusted(_WIDTH, _WIDTH, -_WIDTH, -_WIDTH)
        # What it frames is painted without it.
        self.setMask(QRegion(QRect(QPoint(), place.size())) - QRegion(inside))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the frame."""
        painter = QPainter(self)
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 2 * _WIDTH))
        painter.drawRect(self.rect())


class FocusRings(QObject):
    """Shows the focus in every window of the application."""

    def __init__(self, application: QApplication, main: QWidget) -> None:
        super().__init__(main)
        self._main = main
        self._ring: FocusRing | None = None
        self._wanted = False
        # Focus also moves while windows are destroyed; by then only what is left is looked at.
        self._settling = QTimer(self)
        self._settling.setSingleShot(True)
        self._settling.timeout.connect(self._refresh)
        application.focusChanged.connect(self._on_focus)

    def _on_focus(self, before: QWidget | None, now: QWidget | None) -> None:
        # Whoever clicked knows where; the focus that a window has at its beginning needs no frame.
        by_click = QGuiApplication.mouseButtons() != Qt.MouseButton.NoButton
        self._wanted = before is not None and not by_click
        self._settling.start(0)

    def _refresh(self) -> None:
        now = QApplication.focusWidget()
        if self._ring is not None and not isValid(self._ring):
            self._ring = None
        if now is None or not self._is_ours(now.window()):
            return
        window = now.window()
        if self._ring is not None and self._ring.parentWidget() is not window:
            self._ring.frame(None)
            self._ring = None
        shown = self._wanted and not now.property(SHOWS_FOCUS)
        if self._ring is None:
            if not shown:
                return
            found = window.findChild(FocusRing, "focusRing", Qt.FindChildOption.FindDirectChildrenOnly)
            self._ring = found or FocusRing(window)
        self._ring.frame(now if shown else None)

    def _is_ours(self, window: QWidget) -> bool:
        popup = window.windowFlags() & Qt.WindowType.WindowType_Mask == Qt.WindowType.Popup
        owner: QWidget | None = window
        while owner is not None and owner is not self._main:
            owner = owner.parentWidget()
        return owner is not None and not popup
