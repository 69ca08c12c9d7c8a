"""Recovery of unsaved work after a crash.

While there are unsaved decisions, the session is also written to the recovery folder, next to a lock that
the window holds while it runs. A file whose lock is free was left by a crash.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from defect_workbench.storage.files.safe_names import safe_name
from defect_workbench.storage.files.system_lock import SystemLock

_PREFIX, _MOST_DISCARDED, _DAYS = "discarded-", 20, 14


@dataclass(frozen=True)
class RecoverableWork:
    """Unsaved work that can be recovered.

    Attributes
    ----------
    when : datetime
        When it was discarded or last written.
    name : str
        Of the folder or session, if known.
    """

    path: Path
    when: datetime
    name: str


class Recovery:
    """The recovery folder.

    Parameters
    ----------
    folder : Path
        Created when something is written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.path = folder / f"unsaved-{uuid4().hex}.dwb"
        self._lock = _lock(self.path)

    def hold(self) -> Path:
        """Lock and return the file that this window writes to."""
        if not self._lock.held:
            self._folder.mkdir(parents=True, exist_ok=True)
            # Without a lock the file is still written: another window may offer it, but nothing is lost.
            with suppress(OSError, NotImplementedError):
                self._lock.acquire()
        return self.path

    def left_behind(self) -> list[Path]:
        """Return the files that crashed windows left, newest first."""
        files = self._folder.glob("unsaved-*.dwb")
        left = [path for path in files if path != self.path and _is_free(path)]
        return sorted(left, key=lambda path: path.stat().st_mtime, reverse=True)

    def crashed(self) -> list[RecoverableWork]:
        """Return the work that crashed windows left, newest first."""
        return [
            RecoverableWork(path, datetime.fromtimestamp(path.stat().st_mtime).astimezone(), "after a crash")
            for path in self.left_behind()
        ]

    def take_over(self, path: Path) -> None:
        """Make a file that a crashed window left the file of this window."""
        path.replace(self.hold())

    def path_for_discarded(self, name: str) -> Path:
        """Return the path at which discarded work is kept for a while.

        Parameters
        ----------
        name : str
            Of the folder or session, to recognise it by.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        when = datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
        return self._folder / f"{_PREFIX}{when}-{uuid4().hex[:6]}-{safe_name(name)[:40]}.dwb"

    def discarded(self) -> list[RecoverableWork]:
        """Return discarded work, newest first; deletes what is too old or too much."""
        discarded = []
        for path in self._folder.glob(f"{_PREFIX}*.dwb"):
            try:
                parts = path.stem.removeprefix(_PREFIX).split("-", 3)
                when = datetime.strptime("-".join(parts[:2]), "%Y%m%d-%H%M%S").astimezone()
                discarded.append(RecoverableWork(path, when, parts[3] if len(parts) > 3 else ""))
            except ValueError:
                continue
        discarded.sort(key=lambda item: item.path.name, reverse=True)
        oldest = datetime.now().astimezone() - timedelta(days=_DAYS)
        kept = [item for item in discarded[:_MOST_DISCARDED] if item.when > oldest]
        for item in discarded:
            if item not in kept:
                item.path.unlink(missing_ok=True)
        return kept

    def discard(self) -> None:
        """Delete the recovery file of this window and release its lock."""
        self.path.unlink(missing_ok=True)
        self._lock.release()


def _lock(path: Path) -> SystemLock:
    return SystemLock(path.with_suffix(".lock"))


def _is_free(path: Path) -> bool:
    """Whether no window holds the lock of a file."""
    lock = _lock(path)
    try:
        free = lock.acquire()
    except (OSError, NotImplementedError):
        return False
    lock.release()
    return free
