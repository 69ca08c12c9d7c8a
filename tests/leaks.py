"""Threads and timers that a test started and left behind, with the place where it started them."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

import pytest

# The pools of the program, by the names of their threads. Python lists threads of Qt without a name,
# so those are noted as they start.
POOLS = ("thumbnails", "decode")
# File, line and function; the text of the line is read where there is something to report.
Place = tuple[str, int, str, None]


@contextmanager
def no_leaked_threads_or_timers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Watch what is started inside; fail where some of it still runs at the end.

    A timer with a parent is deleted with it, so it is no leak.
    """
    started: list[tuple[Any, list[Place]]] = []
    before = set(threading.enumerate())
    if "PySide6.QtCore" in sys.modules:
        from PySide6.QtCore import QThread, QTimer

        for kind in (QThread, QTimer):
            monkeypatch.setattr(kind, "start", _noting(kind.start, started))
    yield
    left = [f"thread {t.name}" for t in threading.enumerate() if t.name.startswith(POOLS) and t not in before]
    left += [
        f"{type(thing).__name__} started at\n{''.join(traceback.format_list(where))}"
        for thing, where in started
        if _runs(thing)
    ]
    if left:
        pytest.fail("left running: " + "\n".join(left), pytrace=False)


def _noting(start: Callable[..., Any], started: list[tuple[Any, list[Place]]]) -> Callable[..., Any]:
    def noted(self: Any, *arguments: Any) -> Any:
        frames = islice(traceback.walk_stack(sys._getframe(1)), 4)
        places: list[Place] = [
            (frame.f_code.co_filename, line, frame.f_code.co_name, None) for frame, line in frames
        ]
        started.append((self, places[::-1]))
        return start(self, *arguments)

    return noted


def _runs(thing: Any) -> bool:
    import shiboken6
    from PySide6.QtCore import QThread

    if not shiboken6.isValid(thing):
        return False
    if isinstance(thing, QThread):
        return bool(thing.isRunning())
    return bool(thing.isActive()) and thing.parent() is None
