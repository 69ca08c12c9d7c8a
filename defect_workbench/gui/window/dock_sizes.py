"""Remembers how large docks should be, so that they are so again once the window is large enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QDockWidget, QMainWindow

from defect_workbench.app.settings import WindowSettings

# Of the window, for the docks.
_MOST = 0.55
# Of the window, for its centre, in characters.
_CENTRE = 60


class DockSizes(QObject):
    """Gives docks their size back after the window was small, and makes them larger with the text.

    Qt takes room from docks when the window becomes smaller, and gives it to the centre when it becomes
    larger again. The size that counts is the one that the user dragged, or the one at the beginning.

    Parameters
    ----------
    sizes : mapping of QDockWidget to int
        Width or height of each dock at the beginning, in pixels at a text size of 100%.
    """

    def __init__(
        self, window: QMainWindow, sizes: Mapping[QDockWidget, int], settings: WindowSettings
    ) -> None:
        super().__init__(window)
        self._window, self._docks, self._settings = window, tuple(sizes), settings
        self._wanted = {dock.objectName(): size for dock, size in sizes.items()} | settings.dock_sizes()
        self._compact: set[QDockWidget] = set()
        # A separate timer: a pending single shot would keep a window that is closed meanwhile.
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self.restore)
        self._pressed: dict[str, int] = {}
        window.installEventFilter(self)

    def set_compact(self, dock: QDockWidget, compact: bool) -> None:
        """Give a dock only the room that it needs, or again the size that it should have."""
        if compact == (dock in self._compact):
            return
        if compact:
            self._compact.add(dock)
        else:
            self._compact.discard(dock)
        # Once what it contains is shown or hidden.
        self._soon.start(0)

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
            if dock not in self._compact
        }

    def _note_dragged(self) -> None:
        before, self._pressed = self._pressed, {}
        now = self._sizes()
        dragged = {name: size for name, size in now.items() if before.get(name, size) != size}
        self._wanted |= {name: round(size / self._scale) for name, size in dragged.items()}

    @property
    def _scale(self) -> float:
        return self._settings.text_size / 100

    def restore(self) -> None:
        """Make the docks in sight as large as they should be; much of the window is left to its centre."""
        window = self._window
        for direction in (Qt.Orientation.Horizontal, Qt.Orientation.Vertical):
            horizontal = direction == Qt.Orientation.Horizontal
            docks = [dock for dock in self._in_sight() if self._horizontal(dock) is horizontal]
            sizes = [self._size_of(dock) for dock in docks]
            hints = [dock.minimumSizeHint() for dock in docks]
            least = [hint.width() if horizontal else hint.height() for hint in hints]
            room = _MOST * (window.width() if horizontal else window.height())
            if horizontal:
                room = min(room, window.width() - _CENTRE * window.fontMetrics().averageCharWidth())
                # What was hidden to make room for a page leaves it to the page, not to the other docks.
                absent = self._widths_of_absent_sides(docks)
                sizes, least = [*sizes, *absent], [*least, *(0 for _ in absent)]
            if docks:
                window.resizeDocks(docks, _shared(room, sizes, least)[: len(docks)], direction)

    def _size_of(self, dock: QDockWidget) -> float:
        return 0.0 if dock in self._compact else self._scale * self._wanted[dock.objectName()]

    def _widths_of_absent_sides(self, in_sight: Sequence[QDockWidget]) -> list[float]:
        """Return how wide the docks of each side would be that has none in sight."""
        sides = {self._window.dockWidgetArea(dock) for dock in in_sight}
        widths: dict[Qt.DockWidgetArea, float] = {}
        for dock in self._docks:
            side = self._window.dockWidgetArea(dock)
            if self._horizontal(dock) and side not in sides:
                width = self._scale * self._wanted[dock.objectName()]
                widths[side] = max(width, widths.get(side, 0.0))
        return list(widths.values())


def _shared(room: float, sizes: Sequence[float], least: Sequence[int]) -> list[int]:
    """Return sizes that fit into a room: all are reduced in proportion, but none below its least size."""
    fixed = {number for number, size in enumerate(sizes) if size <= least[number]}
    while True:
        free = room - sum(least[number] for number in fixed)
        wanted = sum(size for number, size in enumerate(sizes) if number not in fixed)
        share = min(1.0, max(free, 0.0) / max(wanted, 1.0))
        small = {number for number, size in enumerate(sizes) if size * share < least[number]}
        if small <= fixed:
            return [
                least[number] if number in fixed else round(size * share) for number, size in enumerate(sizes)
            ]
        fixed |= small
