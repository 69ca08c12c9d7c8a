"""The clock of a watcher."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

_STEP_SECONDS = 0.2


class Clock(Protocol):
    """Time, as a test may replace it."""

    def now(self) -> float:
        """Return seconds that only run forward, whatever happens to the time of day."""

    def date(self) -> datetime:
        """Return the time of day."""

    def wait(self, seconds: float, check: Callable[[], None]) -> None:
        """Wait; `check` raises `Cancelled` when the user cancelled."""


class SystemClock:
    """The clock of the machine."""

    def now(self) -> float:
        """Return the monotonic time."""
        return time.monotonic()

    def date(self) -> datetime:
        """Return the local time."""
        return datetime.now().astimezone()

    def wait(self, seconds: float, check: Callable[[], None]) -> None:
        """Sleep in short steps."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            check()
            time.sleep(min(_STEP_SECONDS, left))
        check()
