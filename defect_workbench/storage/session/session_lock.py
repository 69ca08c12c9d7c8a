"""The lock of a session: only the first window that opens a session may write it.

It is a lock of the operating system on a small file beside the session, so it ends with its process in any
case. If the session is in a read-only folder, the file is in a folder of the user; other users and machines
then do not see the lock.
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

_MAX_BYTES = 4096


@dataclass(frozen=True)
class Holder:
    """The process that has a session open for writing; empty if unknown."""

    user: str = ""
    machine: str = ""
    process: int = 0

    def words(self) -> str:
        """Return a description for messages."""
        if not self.process:
            return "another window"
        is_this_machine = self.machine == platform.node()
        where = "" if is_this_machine else f" on {self.machine}"
        return f"another window (of {self.user}{where}, process {self.process})"


class SessionLock:
    """The right to write one session file.

    Parameters
    ----------
    session : Path
        The session file; it need not exist.
    fallback : Path
        Folder for locks of sessions in read-only folders; created when needed.
    """

    def __init__(self, session: Path, fallback: Path) -> None:
        # A session and a link to it have the same lock.
        self.session = Path(os.path.realpath(session))
        self._fallback = fallback
        self._lock: SystemLock | None = None

    @property
    def held(self) -> bool:
        """Whether this window may write the session."""
        return self._lock is not None

    def acquire(self) -> Holder | None:
        """Acquire the lock without waiting.

        Returns
        -------
        Holder or None
            The current holder, if there is one: the session is to be opened read-only. None if the lock was
            acquired, or if no lock is possible in any folder.
        """
        if self.held:
            return None
        for path in self._candidates():
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                lock = SystemLock(path)
                if not lock.acquire():
                    return _read_holder(_note(path))
            except (OSError, NotImplementedError):
                continue
            self._lock = lock
            with suppress(OSError):
                # Written atomically, which replaces a link at this path instead of following it.
                write_text(_note(path), json.dumps(asdict(_this_process())))
            return None
        return None

    def release(self) -> None:
        """Release the lock and delete its files."""
        if self._lock is None:
            return
        with suppress(OSError):
            _note(self._lock.path).unlink(missing_ok=True)
        self._lock.release()
        self._lock = None

    def _candidates(self) -> list[Path]:
        name = hashlib.sha256(os.fsencode(self.session)).hexdigest()[:32]
        return [self.session.with_name(f".{self.session.name}.lock"), self._fallback / f"{name}.lock"]


def _note(path: Path) -> Path:
    """Return the file that describes the holder; some systems do not let others read a locked file."""
    return path.with_name(f"{path.name}-holder")


def _this_process() -> Holder:
    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = "an unknown user"
    return Holder(user, platform.node(), os.getpid())


def _read_holder(path: Path) -> Holder:
    try:
        with open_regular(path) as stream:
            state = json.loads(stream.read(_MAX_BYTES))
        return Holder(str(state["user"])[:80], str(state["machine"])[:80], int(state["process"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return Holder()
