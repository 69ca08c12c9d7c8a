"""A lock of the operating system on a small file, which ends with its process however that ends."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout


class SystemLock:
    """A lock that is never waited for, and leaves no file behind when it is released.

    Two locks on one path exclude each other within a process, too.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = FileLock(path, timeout=0, is_singleton=False, thread_local=False)

    @property
    def held(self) -> bool:
        """Whether this lock is held."""
        return self._lock.is_locked

    def acquire(self) -> bool:
        """Take the lock; False if another one holds it.

        Raises
        ------
        OSError, NotImplementedError
            If the file cannot be created, or the file system has no locks.
        """
        if not self.held:
            try:
                self._lock.acquire()
            except Timeout:
                return False
        return True

    def release(self) -> None:
        """Give the lock back and remove its file."""
        if not self.held:
            return
        if os.name == "posix":
            # While it is held: whoever opened the file meanwhile sees that its name is gone, and retries.
            self._remove()
            self._lock.release()
        else:
            self._lock.release()
            self._remove()

    def _remove(self) -> None:
        with suppress(OSError):
            self.path.unlink(missing_ok=True)
