"""A row of buttons that continues in the next line where it is too narrow."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

_GAP = 6


class WrappingRow(QWidget):
    """Places widgets from left to right, in as many lines as they need."""

    def __init__(self, widgets: Iterable[QWidget]) -> None:
        super().__init__()
        self._widgets = tuple(widgets)
        for widget in self._widgets:
            widget.setParent(self)
            widget.installEventFilter(self)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def _places(self, width: int) -> list[tuple[QWidget, QRect]]:
        result, at, line = [], QPoint(), 0
        for widget in self._widgets:
            if widget.isHidden():
                continue
            size = widget.sizeHint()
            if at.x() and at.x() + size.width() > width:
                at = QPoint(0, at.y() + line + _GAP)
                line = 0
            result.append((widget, QRect(at, size)))
            line = max(line, size.height())
            at += QPoint(size.width() + _GAP, 0)
        return result

    def heightForWidth(self, width: int) -> int:
        """Return the height of all lines."""
        return max((place.bottom() + 1 for _, place in self._places(width)), default=0)

    def sizeHint(self) -> QSize:
        """Return the size of a single line."""
        places = self._places(1 << 20)
        return QSize(places[-1][1].right() + 1, self.heightForWidth(1 << 20)) if places else QSize(0, 0)

    def minimumSizeHint(self) -> QSize:
        """Return the width of the widest widget, and the height of the lines as they are now."""
        widest = max((place.width() for _, place in self._places(1 << 20)), default=0)
        return QSize(widest, self.heightForWidth(max(self.width(), widest)))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Place the widgets again when one of them is shown, hidden or gets another text."""
        kinds = (QEvent.Type.ShowToParent, QEvent.Type.HideToParent, QEvent.Type.FontChange)
        if event.type() in kinds:
            self._place()
        return super().eventFilter(watched, event)

    def event(self, event: QEvent) -> bool:
        """Place the widgets again when one of them needs another size."""
        if event.type() == QEvent.Type.LayoutRequest:
            self._place()
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Place the widgets in another width."""
        self._place()

    def _place(self) -> None:
        for widget, place in self._places(self.width()):
            widget.setGeometry(place)
        self.updateGeometry()
