"""A lock of the operating system on a small file; it ends with the process in any case."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout


class SystemLock:
    """A lock that is acquired without waiting and whose file is deleted on release.

    Two locks on the same path exclude each other within a process, too.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = FileLock(path, timeout=0, is_singleton=False, thread_local=False)

    @property
    def held(self) -> bool:
        """Whether this lock is held."""
        return self._lock.is_locked

    def acquire(self) -> bool:
        """Acquire the lock; return False if it is held elsewhere.

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
        """Release the lock and delete its file."""
        if not self.held:
            return
        if os.name == "posix":
            # Deleted while held: a process that has opened it meanwhile notices this and retries.
            self._remove()
            self._lock.release()
        else:
            self._lock.release()
            self._remove()

    def _remove(self) -> None:
        with suppress(OSError):
            self.path.unlink(missing_ok=True)
