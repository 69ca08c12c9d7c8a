"""Thumbnails read in the background: newest request first, with a bounded queue and bounded memory."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage, QPixmap

from defect_workbench.app.image_loading.request_threads import RequestThreads
from defect_workbench.core.arrays import Pixels
from defect_workbench.engine.input.thumbnail import thumbnail

_WORKERS = 2
_QUEUE_LIMIT = 400
_CACHE_BYTES = 192 * 1024**2


def to_image(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> QImage:
    """Return a QImage that owns a copy of grey or RGB pixels, in the format of pixmaps.

    Otherwise it would be converted in the GUI thread, which takes 20 ms for 12 million pixels.
    """
    data = np.ascontiguousarray(pixels)
    height, width = data.shape[:2]
    kind = QImage.Format.Format_Grayscale8 if data.ndim == 2 else QImage.Format.Format_RGB888
    view = QImage(data.data, width, height, data.strides[0], kind)
    return view.convertToFormat(QImage.Format.Format_RGB32)


class ThumbnailLoader(QObject):
    """Reads and caches thumbnails. Signals: ready(path) once a thumbnail was read, or could not be.

    Parameters
    ----------
    side : int
        Longest side of a thumbnail, in device pixels.
    """

    ready = Signal(str)
    _read = Signal(str, object)

    def __init__(self, side: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.side = side
        self._cache: OrderedDict[str, QPixmap] = OrderedDict()
        self._bytes = 0
        self._failed: set[str] = set()
        # What was begun before the last `clear` is out of date.
        self._generation = 0
        self._read.connect(self._keep)
        self._requests: RequestThreads[str, tuple[QImage, int]] = RequestThreads(
            "thumbnails", self._image, self._read.emit, _QUEUE_LIMIT, _WORKERS
        )

    def get(self, path: str) -> QPixmap | None:
        """Return a cached thumbnail; if there is none, put it at the head of the queue."""
        pixmap = self._cache.get(path)
        if pixmap is not None:
            self._cache.move_to_end(path)
            return pixmap
        if path not in self._failed:
            self._requests.put(path)
        return None

    def failed(self, path: str) -> bool:
        """Whether the file could not be read."""
        return path in self._failed

    def clear(self) -> None:
        """Drop all thumbnails and requests, for another folder."""
        self._requests.clear()
        self._failed.clear()
        self._generation += 1
        self._cache.clear()
        self._bytes = 0

    def close(self) -> None:
        """End the threads and wait for them."""
        self._requests.close()

    def _image(self, path: str) -> tuple[QImage, int]:
        generation = self._generation
        pixels = self._pixels(path)
        return QImage() if pixels is None else to_image(pixels), generation

    def _pixels(self, path: str) -> Pixels | None:
        """Return the pixels of a thumbnail, in a thread of the loader; None if it cannot be read."""
        return thumbnail(Path(path), self.side)

    def _keep(self, path: str, read: tuple[QImage, int]) -> None:
        image, generation = read
        if generation == self._generation:
            if image.isNull():
                self._failed.add(path)
            else:
                self._cache[path] = QPixmap.fromImage(image)
                self._bytes += image.sizeInBytes()
        while self._bytes > _CACHE_BYTES and len(self._cache) > 1:
            _, dropped = self._cache.popitem(last=False)
            self._bytes -= dropped.width() * dropped.height() * dropped.depth() // 8
        self.ready.emit(path)
