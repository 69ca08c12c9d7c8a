"""Unsaved work that outlives a crash.

While there are unsaved decisions, the session is also written beside the settings, and a lock beside it
says that its window lives. A file whose lock nobody holds was left by a crash.
"""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

from PySide6.QtCore import QLockFile


class Recovery:
    """The recovery folder.

    Parameters
    ----------
    folder : Path
        Made when something is written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.path = folder / f"unsaved-{uuid4().hex}.dwb"
        self._lock = _lock(self.path)

    def hold(self) -> Path:
        """The file to write to; it is this window's from now on."""
        if not self._lock.isLocked():
            self._folder.mkdir(parents=True, exist_ok=True)
            self._lock.tryLock(0)
        return self.path

    def left_behind(self) -> list[Path]:
        """What crashed windows left, newest first."""
        found = []
        for path in self._folder.glob("unsaved-*.dwb"):
            lock = _lock(path)
            if path != self.path and lock.tryLock(0):
                lock.unlock()
                found.append(path)
        return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)

    def take_over(self, path: Path) -> None:
        """Make what a crashed window left this window's own."""
        path.replace(self.hold())

    def discard(self) -> None:
        """Nothing unsaved is left here."""
        self.path.unlink(missing_ok=True)
        self._lock.unlock()


def _lock(path: Path) -> QLockFile:
    lock = QLockFile(str(path.with_suffix(".lock")))
    # Stale only where the process that holds it is gone, however long it has been held.
    lock.setStaleLockTime(0)
    return lock
