"""Computes values in the background, the newest request first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Condition, Thread
from typing import Any

from PySide6.QtCore import QObject, Signal

_QUEUE_LIMIT = 60
_KEPT = 400


class NewestFirst(QObject):
    """Computes and caches values by key. Signals: ready(key).

    Parameters
    ----------
    name : str
        Of its thread.
    compute : callable
        Returns the value of a key, never None; called in the thread.
    """

    ready = Signal(object)
    _computed = Signal(object, object)

    def __init__(self, name: str, compute: Callable[[Any], object], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._name, self._compute = name, compute
        self._cache: OrderedDict[Hashable, Any] = OrderedDict()
        self._queue: OrderedDict[Hashable, None] = OrderedDict()
        self._condition = Condition()
        self._closing = False
        # Begun with the first request: most people never ask for what it computes.
        self._thread: Thread | None = None
        self._computed.connect(self._keep)

    def value(self, key: Hashable) -> Any:
        """Return the value of a key; if it is not known yet, None, and put it at the head of the queue."""
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
            self._thread = Thread(target=self._work, name=self._name, daemon=True)
            self._thread.start()
        return None

    def clear(self) -> None:
        """Forget all values and requests."""
        self._cache.clear()
        with self._condition:
            self._queue.clear()

    def close(self) -> None:
        """End the thread and wait for it."""
        with self._condition:
            self._closing = True
            self._condition.notify()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        while True:
            with self._condition:
                while not self._queue and not self._closing:
                    self._condition.wait()
                if self._closing:
                    return
                key, _ = self._queue.popitem(last=True)
            self._computed.emit(key, self._compute(key))

    def _keep(self, key: Hashable, value: object) -> None:
        self._cache[key] = value
        while len(self._cache) > _KEPT:
            self._cache.popitem(last=False)
        self.ready.emit(key)
