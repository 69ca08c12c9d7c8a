"""Unsaved work that outlives a crash.

While there are unsaved decisions, the session is also written beside the settings, under the number of
this process. A file whose process is gone was left by a crash.
"""

from __future__ import annotations

import os
from pathlib import Path


def alive(process: int) -> bool:
    """Whether a process of this number runs."""
    if os.name != "posix":
        import ctypes

        handle = ctypes.windll.kernel32.OpenProcess(0x1000, False, process)  # type: ignore[attr-defined,unused-ignore]
        if handle:
            ctypes.windll.kernel32.CloseHandle(handle)  # type: ignore[attr-defined,unused-ignore]
        return bool(handle)
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class Recovery:
    """The recovery folder.

    Parameters
    ----------
    folder : Path
        Made when something is written.
    process : int, optional
        Number of this process.
    """

    def __init__(self, folder: Path, process: int | None = None) -> None:
        self._folder = folder
        self.path = folder / f"unsaved-{process or os.getpid()}.dwb"

    def left_behind(self) -> list[Path]:
        """What crashed processes left, newest first."""
        found = []
        for path in self._folder.glob("unsaved-*.dwb"):
            number = path.stem.removeprefix("unsaved-")
            if path != self.path and number.isdigit() and not alive(int(number)):
                found.append(path)
        return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)

    def discard(self) -> None:
        """Nothing unsaved is left here."""
        self.path.unlink(missing_ok=True)
