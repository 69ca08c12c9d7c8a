"""Reads full-size images in the background, one at a time; only the latest request is served."""

from __future__ import annotations

from pathlib import Path
from threading import Condition, Thread

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from defect_workbench.app.image_loading.thumbnail_loader import to_image
from defect_workbench.engine.input.full_image import Original, Tone, original


def full_image(path: str) -> QImage:
    """Return a file's image at full size; a null image if it cannot be read."""
    full = original(Path(path))
    return QImage() if full is None else to_image(full.shown(Tone()))


class OriginalLoader(QObject):
    """Reads one image at a time. Signals: ready(path, image, tone), a null image for an unreadable file."""

    ready = Signal(str, QImage, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._request: tuple[str, Tone] | None = None
        self._condition = Condition()
        self._closing = False
        self._thread = Thread(target=self._work, name="thumbnails-original", daemon=True)
        self._thread.start()

    def request(self, path: str, tone: Tone) -> None:
        """Request an image; an earlier request that is still waiting is dropped."""
        with self._condition:
            self._request = path, tone
            self._condition.notify()

    def close(self) -> None:
        """End the thread and wait for it."""
        with self._condition:
            self._closing = True
            self._condition.notify()
        self._thread.join()

    def _work(self) -> None:
        known: tuple[str, Original | None] = "", None
        while True:
            with self._condition:
                while self._request is None and not self._closing:
                    self._condition.wait()
                if self._closing or self._request is None:
                    return
                (path, tone), self._request = self._request, None
            if known[0] != path:
                known = path, original(Path(path))
            full = known[1]
            self.ready.emit(path, QImage() if full is None else to_image(full.shown(tone)), tone)
