"""Reads full-size images in the background, one at a time; only the latest request is served."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from defect_workbench.app.image_loading.request_threads import RequestThreads
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
        self._known: tuple[str, Original | None] = "", None
        self._requests: RequestThreads[tuple[str, Tone], QImage] = RequestThreads(
            "thumbnails-original", self._image, self._deliver, waiting=1
        )

    def request(self, path: str, tone: Tone) -> None:
        """Request an image; an earlier request that is still waiting is dropped."""
        self._requests.put((path, tone))

    def close(self) -> None:
        """End the thread and wait for it."""
        self._requests.close()

    def _image(self, request: tuple[str, Tone]) -> QImage:
        path, tone = request
        if self._known[0] != path:
            self._known = path, original(Path(path))
        full = self._known[1]
        return QImage() if full is None else to_image(full.shown(tone))

    def _deliver(self, request: tuple[str, Tone], image: QImage) -> None:
        path, tone = request
        self.ready.emit(path, image, tone)
