"""Which files of a folder are complete: those whose size and time have not changed for a while."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

MOST_RETRY_SECONDS = 600.0


@dataclass
class _Waiting:
    """A file that is not taken yet.

    Attributes
    ----------
    since : float
        When its present stamp was seen first.
    not_before, delay : float
        When to try it again after it could not be used, and how long it waited for that.
    """

    stamp: Hashable
    since: float
    not_before: float = 0.0
    delay: float = 0.0


class Settling:
    """Watches the stamps of files, by a clock that only runs forward.

    Parameters
    ----------
    seconds : float
        How long a stamp must stand still.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._waiting: dict[str, _Waiting] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def due(self, stamps: Iterable[tuple[str, Hashable]], now: float) -> list[str]:
        """Return the files that are complete.

        Parameters
        ----------
        stamps : iterable of (str, hashable)
            Path and stamp of each file that is there and not taken yet; others are forgotten.
        now : float
            In seconds.
        """
        before, self._waiting, due = self._waiting, {}, []
        for path, stamp in stamps:
            waiting = before.get(path)
            if waiting is None or waiting.stamp != stamp:
                waiting = _Waiting(stamp, now)
            self._waiting[path] = waiting
            # Rounding of clocks must not cost a whole interval.
            if now - waiting.since >= 0.999 * self._seconds and now >= waiting.not_before:
                due.append(path)
        return due

    def try_later(self, path: str, now: float) -> bool:
        """Let a file that could not be used wait, longer each time; return whether it waited before."""
        waiting = self._waiting.get(path)
        if waiting is None:
            return False
        waited = waiting.delay > 0
        waiting.delay = min(MOST_RETRY_SECONDS, max(2 * waiting.delay, self._seconds))
        waiting.not_before = now + waiting.delay
        return waited

    def begin_again(self, path: str) -> None:
        """Let a file stand still once more: it changed while it was read."""
        self._waiting.pop(path, None)
