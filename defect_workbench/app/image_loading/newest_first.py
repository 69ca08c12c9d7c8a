"""Computes values in the background, the newest request first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

from PySide6.QtCore import QObject, Signal

from defect_workbench.app.image_loading.request_threads import RequestThreads

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
        self._cache: OrderedDict[Hashable, Any] = OrderedDict()
        self._requests: RequestThreads[Hashable, object] = RequestThreads(
            name, compute, self._computed.emit, _QUEUE_LIMIT
        )
        self._computed.connect(self._keep)

    def value(self, key: Hashable) -> Any:
        """Return the value of a key; if it is not known yet, None, and put it at the head of the queue."""
        known = self._cache.get(key)
        if known is not None:
            self._cache.move_to_end(key)
            return known
        self._requests.put(key)
        return None

    def clear(self) -> None:
        """Forget all values and requests."""
        self._cache.clear()
        self._requests.clear()

    def close(self) -> None:
        """End the thread and wait for it."""
        self._requests.close()

    def _keep(self, key: Hashable, value: object) -> None:
        self._cache[key] = value
        while len(self._cache) > _KEPT:
            self._cache.popitem(last=False)
        self.ready.emit(key)
