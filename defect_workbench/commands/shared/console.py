"""Output of the commands: results, and progress as a bar on a terminal or as lines elsewhere."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from types import FrameType
from typing import Any, Never, TextIO

from tqdm import tqdm

from defect_workbench.commands.shared.command_line_remedies import REMEDY_TEXTS
from defect_workbench.core.errors import Cancelled, Remedy, with_remedy
from defect_workbench.core.text import printable

_SECONDS_BETWEEN_LINES = 10.0


def print_text(text: str) -> None:
    """Print lines of a result, with control characters in file names and metadata escaped."""
    print(printable(text, keep="\n"))


def print_json(value: Any) -> None:
    """Print one JSON object in ASCII, so that it is valid in any encoding of the terminal or pipe."""
    print(json.dumps(value))


class ConsoleReporter:
    """A reporter that writes the stages of a job to a stream, with rate and time left.

    Parameters
    ----------
    stop : Event
        Set when the user presses Ctrl-C.
    """

    def __init__(self, stream: TextIO, stop: Event) -> None:
        self._stream = stream
        self._stop = stop
        self._terminal = stream.isatty()
        self._bar: tqdm[Never] | None = None
        self._title, self._total, self._done = "", 0, 0
        self._started = self._printed = time.monotonic()

    @property
    def step(self) -> str:
        """The title of the current stage; empty before the first."""
        return self._title

    def stage(self, title: str, total: int | None) -> None:
        """Begin a stage."""
        self.close()
        title = printable(title)
        self._title, self._total, self._done = title, total or 0, 0
        self._started = self._printed = time.monotonic()
        if self._terminal:
            self._bar = tqdm(
                desc=title, total=total, file=self._stream, dynamic_ncols=True, leave=bool(total)
            )
        else:
            print(f"{title} ({total:,})" if total else title, file=self._stream, flush=True)

    def advance(self, steps: int = 1) -> None:
        """Count finished steps."""
        self._done += steps
        if self._bar is not None:
            self._bar.update(steps)
            return
        now = time.monotonic()
        if self._total and self._done and now - self._printed >= _SECONDS_BETWEEN_LINES:
            self._printed = now
            left = (now - self._started) / self._done * (self._total - self._done)
            print(
                f"{self._title}: {self._done:,} of {self._total:,}, {tqdm.format_interval(left)} left",
                file=self._stream,
                flush=True,
            )

    def warn(self, message: str, remedy: Remedy | None = None) -> None:
        """Print a warning and its remedy."""
        message = with_remedy(message, remedy, REMEDY_TEXTS)
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
    """Provide a reporter that Ctrl-C stops at the next safe point, and a second Ctrl-C immediately."""
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
