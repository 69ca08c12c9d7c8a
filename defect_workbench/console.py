"""Progress on a terminal, or as plain lines where there is none."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType
from typing import Any, Never, TextIO

from tqdm import tqdm

from defect_workbench.core.errors import Cancelled, WorkbenchError
from defect_workbench.core.files import why_not_written
from defect_workbench.core.text import printable

_SECONDS_BETWEEN_LINES = 10.0


class NotPrinted(WorkbenchError):
    """The result is there, but standard output does not take the words about it."""


def say(text: str) -> None:
    """Print lines of a result; names from elsewhere in them cannot act on the terminal.

    Raises
    ------
    NotPrinted
        If standard output is full or nobody reads it.
    """
    with _printing():
        print(printable(text, keep="\n"))


def say_json(value: Any) -> None:
    """Print one JSON object, in ASCII: sound on a terminal and a pipe of any encoding."""
    with _printing():
        print(json.dumps(value))


def finish_printing() -> None:
    """Hand over now what was printed; the interpreter's end would be too late to say that it failed."""
    with _printing():
        sys.stdout.flush()


@contextmanager
def _printing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        # What is still waiting goes nowhere, or the interpreter's end would fail on it once more.
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
        raise NotPrinted(
            f"the result cannot be printed ({why_not_written(error)}); the work itself is done"
        ) from error


class _Tolerant:
    """A stream for progress: one that was closed, or a pipe nobody reads, costs the job nothing."""

    def __init__(self, stream: TextIO) -> None:
        self._stream: TextIO | None = stream
        self.encoding = getattr(stream, "encoding", "utf-8")

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text) if self._stream is not None else len(text)
        except (OSError, ValueError):
            self._stream = None
            return len(text)

    def flush(self) -> None:
        try:
            if self._stream is not None:
                self._stream.flush()
        except (OSError, ValueError):
            self._stream = None

    def isatty(self) -> bool:
        try:
            return self._stream is not None and self._stream.isatty()
        except (OSError, ValueError):
            return False

    def fileno(self) -> int:
        if self._stream is None:
            raise OSError("the stream is closed")
        return self._stream.fileno()


class ConsoleReporter:
    """Shows stages with rate and time left on a stream.

    Parameters
    ----------
    stop : Event
        Set when the person pressed Ctrl-C.
    """

    def __init__(self, stream: TextIO, stop: Event) -> None:
        self._stream: Any = _Tolerant(stream)
        self._stop = stop
        self._terminal = self._stream.isatty()
        self._bar: tqdm[Never] | None = None
        self._title, self._total, self._done = "", 0, 0
        self._started = self._said = time.monotonic()

    @property
    def under_way(self) -> str:
        """The stage that was begun last, as a person was told; empty before the first."""
        return self._title

    def stage(self, title: str, total: int | None) -> None:
        """Begin a stage."""
        self.close()
        title = printable(title)
        self._title, self._total, self._done = title, total or 0, 0
        self._started = self._said = time.monotonic()
        if self._terminal:
            self._bar = tqdm(
                desc=title, total=total, file=self._stream, dynamic_ncols=True, leave=bool(total)
            )
        else:
            print(f"{title} ({total:,})" if total else title, file=self._stream, flush=True)

    def advance(self, steps: int = 1) -> None:
        """Add finished steps."""
        self._done += steps
        if self._bar is not None:
            self._bar.update(steps)
            return
        now = time.monotonic()
        if self._total and self._done and now - self._said >= _SECONDS_BETWEEN_LINES:
            self._said = now
            left = (now - self._started) / self._done * (self._total - self._done)
            print(
                f"{self._title}: {self._done:,} of {self._total:,}, {tqdm.format_interval(left)} left",
                file=self._stream,
                flush=True,
            )

    def warn(self, message: str) -> None:
        """Print a warning line."""
        line = f"warning: {printable(message, keep=chr(10))}"
        if self._bar is not None:
            tqdm.write(line, file=self._stream)
        else:
            print(line, file=self._stream, flush=True)

    def check(self) -> None:
        """Raise `Cancelled` after Ctrl-C."""
        if self._stop.is_set():
            raise Cancelled

    def close(self) -> None:
        """End the current stage's line."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


@contextmanager
def console_reporter(stream: TextIO | None = None) -> Iterator[ConsoleReporter]:
    """A reporter that Ctrl-C stops at the next safe point; a second Ctrl-C stops at once."""
    stop = Event()

    def interrupt(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    handled = [signal.SIGINT, signal.SIGTERM]
    before = {number: signal.signal(number, interrupt) for number in handled}
    reporter = ConsoleReporter(stream or sys.stderr, stop)
    try:
        yield reporter
    finally:
        reporter.close()
        for number, handler in before.items():
            signal.signal(number, handler)
