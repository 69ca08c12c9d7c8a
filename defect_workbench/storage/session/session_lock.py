"""Who may write a session: the first window that opened it.

The lock is the system's own, on a small file beside the session, so it ends with the process that holds
it, however that ends. Where the folder of the session cannot be written, the file is in a folder of the
person, and then only this person's windows on this machine know of each other.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import platform
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from defect_workbench.core.safe_reading import open_regular
from defect_workbench.storage.files.atomic import write_text
from defect_workbench.storage.files.system_lock import SystemLock

_MOST_BYTES = 4096


@dataclass(frozen=True)
class Holder:
    """Who has a session open for writing; empty where that is not known."""

    user: str = ""
    machine: str = ""
    process: int = 0

    def words(self) -> str:
        """For the person."""
        if not self.process:
            return "another window"
        here = self.machine == platform.node()
        where = "" if here else f" on {self.machine}"
        return f"another window (of {self.user}{where}, process {self.process})"


class SessionLock:
    """The right to write one session file.

    Parameters
    ----------
    session : Path
        Need not exist.
    fallback : Path
        Folder for locks of sessions whose own folder cannot be written; made when it is needed.
    """

    def __init__(self, session: Path, fallback: Path) -> None:
        # One session under two names, through a link, is one session.
        self.session = Path(os.path.realpath(session))
        self._fallback = fallback
        self._lock: SystemLock | None = None

    @property
    def held(self) -> bool:
        """Whether this window may write."""
        return self._lock is not None

    def acquire(self) -> Holder | None:
        """Take the lock without waiting.

        Returns
        -------
        Holder or None
            None: this window may write, or no lock can be had anywhere and nobody is known to hold one.
            Otherwise who has it: open the session read-only and say so.
        """
        if self.held:
            return None
        for path in self._places():
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                lock = SystemLock(path)
                if not lock.acquire():
                    return _read(_note(path))
            except (OSError, NotImplementedError):
                continue
            self._lock = lock
            with suppress(OSError):
                # Put in its place whole: a link that somebody planted there is replaced, not followed.
                write_text(_note(path), json.dumps(asdict(_here())))
            return None
        return None

    def release(self) -> None:
        """Give the lock back; nothing is left on disk."""
        if self._lock is None:
            return
        with suppress(OSError):
            _note(self._lock.path).unlink(missing_ok=True)
        self._lock.release()
        self._lock = None

    def _places(self) -> list[Path]:
        name = hashlib.sha256(os.fsencode(self.session)).hexdigest()[:32]
        return [self.session.with_name(f".{self.session.name}.lock"), self._fallback / f"{name}.lock"]


def _note(path: Path) -> Path:
    """Where the holder says who it is: on some systems a locked file cannot be read by others."""
    return path.with_name(f"{path.name}-holder")


def _here() -> Holder:
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = "somebody"
    return Holder(user, platform.node(), os.getpid())


def _read(path: Path) -> Holder:
    try:
        with open_regular(path) as stream:
            state = json.loads(stream.read(_MOST_BYTES))
        return Holder(str(state["user"])[:80], str(state["machine"])[:80], int(state["process"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return Holder()
