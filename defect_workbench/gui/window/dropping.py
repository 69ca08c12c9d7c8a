"""What happens when something is dropped on the window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QWidget

from defect_workbench.workflows.klarf.image_listing import klarf_files, may_be_klarf


class Dropping(QObject):
    """Opens the one folder, session or inspection file that is dropped; looks for images like a dropped one.

    Parameters
    ----------
    open_path, find_similar : callable
        Called with the path once the drop is over.
    """

    def __init__(
        self,
        window: QWidget,
        open_path: Callable[[Path], None],
        find_similar: Callable[[Path], None],
    ) -> None:
        super().__init__(window)
        self._open_path, self._find_similar = open_path, find_similar
        window.setAcceptDrops(True)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Accept one file or folder."""
        # An enter event is a drop event, too.
        if event.type() not in (QEvent.Type.DragEnter, QEvent.Type.Drop) or not isinstance(event, QDropEvent):
            return super().eventFilter(watched, event)
        path = _dropped_path(event)
        if path is None or not (_opens(path) or _may_be_image(path)):
            return super().eventFilter(watched, event)
        event.acceptProposedAction()
        if event.type() == QEvent.Type.Drop:
            handle = self._open_path if _opens(path) else self._find_similar
            QTimer.singleShot(0, self, lambda: handle(path))
        return True


def _opens(path: Path) -> bool:
    """Whether a path is a folder, a session or an inspection file."""
    return path.is_dir() or path.suffix == ".dwb" or (may_be_klarf(path.name) and bool(klarf_files(path)))


def _may_be_image(path: Path) -> bool:
    """Whether a file has the name of an image."""
    from defect_workbench.engine.input.formats.registry import looks_like_image

    return looks_like_image(path.name)


def _dropped_path(event: QDropEvent) -> Path | None:
    """Return the one file or folder that is dropped; None if anything else is."""
    urls = [url for url in event.mimeData().urls() if url.isLocalFile()]
    return Path(urls[0].toLocalFile()) if len(urls) == 1 else None
