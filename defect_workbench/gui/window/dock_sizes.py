"""Remembers how large docks should be, so that they are so again once the window is large enough."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QDockWidget, QMainWindow

from defect_workbench.app.settings import WindowSettings

# Of the window, for the docks.
_MOST = 0.55


class DockSizes(QObject):
    """Gives docks their size back after the window was small.

    Qt takes room from docks when the window becomes smaller, and gives it to the centre when it becomes
    larger again. The size that counts is the one that the user dragged, or the one at the beginning.

    Parameters
    ----------
    sizes : mapping of QDockWidget to int
        Width or height of each dock at the beginning, in pixels.
    """

    def __init__(
        self, window: QMainWindow, sizes: Mapping[QDockWidget, int], settings: WindowSettings
    ) -> None:
        super().__init__(window)
        self._window, self._docks, self._settings = window, tuple(sizes), settings
        self._wanted = {dock.objectName(): size for dock, size in sizes.items()} | settings.dock_sizes()
        self._pressed: dict[str, int] = {}
        window.installEventFilter(self)

    def remember(self) -> None:
        """Keep the sizes for the next start."""
        self._settings.remember_dock_sizes(self._wanted)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the edges that the user drags, and the size of the window."""
        kind = event.type()
        if kind == QEvent.Type.MouseButtonPress:
            self._pressed = self._sizes()
        elif kind == QEvent.Type.MouseButtonRelease:
            # Once the edge is where it was dragged to.
            QTimer.singleShot(0, self, self._note_dragged)
        elif kind == QEvent.Type.Resize:
            self.restore()
        return super().eventFilter(watched, event)

    def _horizontal(self, dock: QDockWidget) -> bool:
        sides = (Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea)
        return self._window.dockWidgetArea(dock) in sides

    def _in_sight(self) -> list[QDockWidget]:
        return [
            dock
            for dock in self._docks
            if not dock.isFloating() and dock.isVisible() and not dock.visibleRegion().isEmpty()
        ]

    def _sizes(self) -> dict[str, int]:
        return {
            dock.objectName(): dock.width() if self._horizontal(dock) else dock.height()
            for dock in self._in_sight()
        }

    def _note_dragged(self) -> None:
        before, self._pressed = self._pressed, {}
        now = self._sizes()
        self._wanted |= {name: size for name, size in now.items() if before.get(name, size) != size}

    def restore(self) -> None:
        """Make the docks in sight as large as they should be; much of the window is left to its centre."""
        for direction in (Qt.Orientation.Horizontal, Qt.Orientation.Vertical):
            horizontal = direction == Qt.Orientation.Horizontal
            docks = [dock for dock in self._in_sight() if self._horizontal(dock) is horizontal]
            sizes = [self._wanted[dock.objectName()] for dock in docks]
            room = _MOST * (self._window.width() if horizontal else self._window.height())
            share = min(1.0, room / max(sum(sizes), 1))
            if docks:
                self._window.resizeDocks(docks, [round(size * share) for size in sizes], direction)
