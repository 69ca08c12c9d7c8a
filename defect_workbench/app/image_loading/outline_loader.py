"""Outlines of defects, found in the background: newest request first."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from threading import Condition, Thread

import numpy as np
from PySide6.QtCore import QObject, Signal

from defect_workbench.core.arrays import Vectors

_QUEUE_LIMIT = 60
_KEPT = 400
_NONE: Vectors = np.empty((0, 4), np.float32)


class OutlineLoader(QObject):
    """Finds and caches the outlines of the defects of images. Signals: ready(path)."""

    ready = Signal(str)
    _found = Signal(str, int, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        # By the file and the rows that are left out of it.
        self._cache: OrderedDict[tuple[str, int], Vectors] = OrderedDict()
        self._queue: OrderedDict[tuple[str, int], None] = OrderedDict()
        self._condition = Condition()
        self._closing = False
        # Begun with the first request: most people never ask for outlines.
        self._thread: Thread | None = None
        self._found.connect(self._keep)

    def get(self, path: str, info_bar: int) -> Vectors | None:
        """Return the outlines in a file; if they are not known yet, put it at the head of the queue.

        Parameters
        ----------
        info_bar : int
            Rows at the bottom that are left out.

        Returns
        -------
        (m, 4) float32, or None
            Relative to the image without its info bar.
        """
        key = path, info_bar
        known = self._cache.get(key)
        if known is not None:
            self._cache.move_to_end(key)
            return known
        with self._condition:
            self._queue[key] = None
            self._queue.move_to_end(key)
            while len(self._queue) > _QUEUE_LIMIT:
                self._queue.popitem(last=False)
            self._condition.notify()
        if self._thread is None and not self._closing:
            self._thread = Thread(target=self._work, name="thumbnails-outlines", daemon=True)
            self._thread.start()
        return None

    def close(self) -> None:
        """End the thread and wait for it."""
        with self._condition:
            self._closing = True
            self._condition.notify()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        # Here, as it loads SciPy: the window starts without.
        from defect_workbench.engine.measurement.outlines import outlines_of

        while True:
            with self._condition:
                while not self._queue and not self._closing:
                    self._condition.wait()
                if self._closing:
                    return
                (path, info_bar), _ = self._queue.popitem(last=True)
            lines = outlines_of(Path(path), info_bar)
            self._found.emit(path, info_bar, _NONE if lines is None else lines)

    def _keep(self, path: str, info_bar: int, lines: Vectors) -> None:
        self._cache[path, info_bar] = lines
        while len(self._cache) > _KEPT:
            self._cache.popitem(last=False)
        self.ready.emit(path)
