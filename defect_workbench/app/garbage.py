"""When memory is freed: after jobs, and not in the middle of them.

A full search for unreachable cycles of objects holds the interpreter lock for 0.1 s once the libraries are
imported, and their first import sets off several, in the thread of the job. The window would freeze for that
long.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from contextlib import suppress

from PySide6.QtCore import QObject, QThreadPool, QTimer, Slot

# Objects created until the young ones are searched, which takes a few milliseconds; and never all of them.
_YOUNG, _MIDDLE, _OLD = 5_000, 5, 1_000_000_000
_AFTER_JOB, _EVERY = 2_000, 300_000


class GarbageSearch(QObject):
    """Searches all objects some time after a job, and every five minutes, in the thread of the window.

    In that thread, as objects of Qt may be among them. What exists when it is created, mostly modules, is
    never searched again. After a job, what was freed is then returned to the system.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        gc.freeze()
        gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
        self._often = QTimer(self)
        self._often.timeout.connect(self.search)
        self._often.start(_EVERY)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._clean_up)

    @Slot(bool)
    def after_job(self, busy: bool) -> None:
        """Search soon, if a job has just ended; not if the next one has begun meanwhile."""
        if busy:
            self._soon.stop()
        else:
            self._soon.start(_AFTER_JOB)

    @Slot()
    def search(self) -> None:
        """Search all objects now."""
        gc.collect()

    @Slot()
    def _clean_up(self) -> None:
        self.search()
        # In another thread, as it may take long after a job that needed gigabytes.
        QThreadPool.globalInstance().start(return_freed_memory)


def return_freed_memory() -> None:
    """Return to the system what the allocator keeps of freed objects; does nothing where it cannot.

    The C library of Linux keeps much of what a job freed: 0.15 GB after 66,000 images were grouped.
    """
    if sys.platform != "linux":
        return
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
