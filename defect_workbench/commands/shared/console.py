"""Progress on a terminal, or as plain lines where there is none."""

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

from defect_workbench.commands.shared.command_line_remedies import WORDS
from defect_workbench.core.errors import Cancelled, Remedy, with_remedy
from defect_workbench.core.text import printable

_SECONDS_BETWEEN_LINES = 10.0


def say(text: str) -> None:
    """Print lines of a result; names from elsewhere in them cannot act on the terminal."""
    print(printable(text, keep="\n"))


def say_json(value: Any) -> None:
    """Print one JSON object, in ASCII: sound on a terminal and a pipe of any encoding."""
    print(json.dumps(value))


class ConsoleReporter:
    """Shows stages with rate and time left on a stream.

    Parameters
    ----------
    stop : Event
        Set when the person pressed Ctrl-C.
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
        """The title of the stage under way; empty before the first."""
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
        """Add finished steps."""
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
        """Print a warning, with what can be done about it."""
        message = with_remedy(message, remedy, WORDS)
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
