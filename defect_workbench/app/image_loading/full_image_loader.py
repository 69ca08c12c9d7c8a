"""One original at a time, read and toned beside the window; only the latest wish counts."""

from __future__ import annotations

from pathlib import Path
from threading import Condition, Thread

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from defect_workbench.app.image_loading.thumbnail_loader import to_image
from defect_workbench.engine.input.full_image import Original, Tone, original


class OriginalLoader(QObject):
    """Signals: ready(path, image) with a null image where the file cannot be read."""

    ready = Signal(str, QImage)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._wish: tuple[str, Tone] | None = None
        self._condition = Condition()
        self._closing = False
        self._thread = Thread(target=self._work, name="thumbnails-original", daemon=True)
        self._thread.start()

    def ask(self, path: str, tone: Tone) -> None:
        """Wish for an image; an earlier wish that is still waiting is dropped."""
        with self._condition:
            self._wish = path, tone
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
                while self._wish is None and not self._closing:
                    self._condition.wait()
                if self._closing or self._wish is None:
                    return
                (path, tone), self._wish = self._wish, None
            if known[0] != path:
                known = path, original(Path(path))
            found = known[1]
            self.ready.emit(path, QImage() if found is None else to_image(found.shown(tone)))
