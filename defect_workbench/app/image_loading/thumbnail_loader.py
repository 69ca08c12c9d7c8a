"""Thumbnails read in the background: newest request first, with a bounded queue and bounded memory."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from threading import Condition, Thread

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage, QPixmap

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
    _read = Signal(str, QImage, int)

    def __init__(self, side: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.side = side
        self._cache: OrderedDict[str, QPixmap] = OrderedDict()
        self._bytes = 0
        self._queue: OrderedDict[str, None] = OrderedDict()
        self._busy: set[str] = set()
        self._failed: set[str] = set()
        self._condition = Condition()
        self._closing = False
        # What was begun before the last `clear` is out of date.
        self._generation = 0
        self._read.connect(self._keep)
        self._threads = [
            Thread(target=self._work, name=f"thumbnails-{i}", daemon=True) for i in range(_WORKERS)
        ]
        for thread in self._threads:
            thread.start()

    def get(self, path: str) -> QPixmap | None:
        """Return a cached thumbnail; if there is none, put it at the head of the queue."""
        pixmap = self._cache.get(path)
        if pixmap is not None:
            self._cache.move_to_end(path)
            return pixmap
        with self._condition:
            if path not in self._failed and path not in self._busy:
                self._queue[path] = None
                self._queue.move_to_end(path)
                while len(self._queue) > _QUEUE_LIMIT:
                    self._queue.popitem(last=False)
                self._condition.notify()
        return None

    def failed(self, path: str) -> bool:
        """Whether the file could not be read."""
        return path in self._failed

    def clear(self) -> None:
        """Drop all thumbnails and requests, for another folder."""
        with self._condition:
            self._queue.clear()
            self._failed.clear()
            self._generation += 1
        self._cache.clear()
        self._bytes = 0

    def close(self) -> None:
        """End the threads and wait for them."""
        with self._condition:
            self._closing = True
            self._condition.notify_all()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while True:
            with self._condition:
                while not self._queue and not self._closing:
                    self._condition.wait()
                if self._closing:
                    return
                path, _ = self._queue.popitem(last=True)
                self._busy.add(path)
                generation = self._generation
            pixels = self._pixels(path)
            image = QImage() if pixels is None else to_image(pixels)
            with self._condition:
                self._busy.discard(path)
                if pixels is None and generation == self._generation:
                    self._failed.add(path)
            self._read.emit(path, image, generation)

    def _pixels(self, path: str) -> Pixels | None:
        """Return the pixels of a thumbnail, in a thread of the loader; None if it cannot be read."""
        return thumbnail(Path(path), self.side)

    def _keep(self, path: str, image: QImage, generation: int) -> None:
        if not image.isNull() and generation == self._generation:
            self._cache[path] = QPixmap.fromImage(image)
            self._bytes += image.sizeInBytes()
            while self._bytes > _CACHE_BYTES and len(self._cache) > 1:
                _, dropped = self._cache.popitem(last=False)
                self._bytes -= dropped.width() * dropped.height() * dropped.depth() // 8
        self.ready.emit(path)
