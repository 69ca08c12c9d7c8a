"""Jobs on one background thread.

A job is a function that takes a reporter and returns an immutable result. Its signals arrive on the
GUI thread. Signals of a replaced job are recognised by their
generation number and dropped.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import Any

from PySide6.QtCore import QObject, QThread, Signal, Slot

from defect_workbench.app.window_remedies import REMEDY_TEXTS, sentence
from defect_workbench.core.errors import Cancelled, Remedy, with_remedy
from defect_workbench.unforeseen import as_workbench_error

log = logging.getLogger(__name__)

_SECONDS_BETWEEN_SIGNALS = 0.05
_BUG_REPORT = "report it with the text from Help › Copy details for a bug report"


@dataclass(frozen=True)
class Progress:
    """How far a job is; `total` None means unknown, `left` is in seconds."""

    title: str
    done: int
    total: int | None
    rate: float | None
    left: float | None


class JobReporter:
    """What a job sees of the window: it reports progress and warnings, and checks for cancellation.

    Parameters
    ----------
    progress, warned, partial : callable
        Called on the worker's thread; they only emit signals.
    """

    def __init__(
        self,
        progress: Callable[[Progress], None],
        warned: Callable[[str], None],
        partial: Callable[[object], None],
    ) -> None:
        self._progress, self._warned, self._partial = progress, warned, partial
        self.stop = Event()
        self._title, self._done, self._total = "", 0, 0
        self._started = self._emitted = 0.0

    @property
    def step(self) -> str:
        """The title of the current stage; empty before the first."""
        return self._title

    def stage(self, title: str, total: int | None) -> None:
        """Begin a stage; always reported."""
        self._title, self._done, self._total = title, 0, total or 0
        self._started = time.monotonic()
        self._emit_progress(self._started)

    def advance(self, steps: int = 1) -> None:
        """Add finished steps; reported at most 20 times per second."""
        self._done += steps
        now = time.monotonic()
        if now - self._emitted >= _SECONDS_BETWEEN_SIGNALS or self._done == self._total:
            self._emit_progress(now)

    def warn(self, message: str, remedy: Remedy | None = None) -> None:
        """Pass on a warning, with what can be done about it."""
        message = with_remedy(message, remedy, REMEDY_TEXTS)
        log.warning("%s", message)
        self._warned(message)

    def partial(self, value: object) -> None:
        """Pass on an intermediate result that the window can show before the job ends."""
        self._partial(value)

    def check(self) -> None:
        """Raise `Cancelled` if the user cancelled."""
        if self.stop.is_set():
            raise Cancelled

    def _emit_progress(self, now: float) -> None:
        self._emitted = now
        rate = left = None
        passed = now - self._started
        if self._total and self._done and passed > 0.5:
            rate = self._done / passed
            left = (self._total - self._done) / rate
        self._progress(Progress(self._title, self._done, self._total or None, rate, left))


Work = Callable[[JobReporter], Any]


class ResultOnDisk:
    """A result on disk: cancelling after it was written does not undo it, so it is reported as done."""


class _Worker(QObject):
    progress = Signal(int, object)
    partial = Signal(int, object)
    warned = Signal(int, str)
    done = Signal(int, object)
    failed = Signal(int, str)
    cancelled = Signal(int)

    @Slot(int, object, object)
    def work(self, generation: int, function: Work, reporter: JobReporter) -> None:
        try:
            result = function(reporter)
            if not isinstance(result, ResultOnDisk):
                reporter.check()
        except Cancelled:
            self.cancelled.emit(generation)
        except Exception as error:
            self.failed.emit(generation, sentence(as_workbench_error(error, reporter.step, _BUG_REPORT)))
        else:
            self.done.emit(generation, result)


class JobRunner(QObject):
    """Runs one job at a time; a new job cancels the previous one.

    Signals carry: progress (Progress), partial (an intermediate result), warned (str), done (the
    result), failed (a sentence), cancelled (), busy_changed (bool).
    """

    progress = Signal(object)
    partial = Signal(object)
    warned = Signal(str)
    done = Signal(object)
    failed = Signal(str)
    cancelled = Signal()
    busy_changed = Signal(bool)

    _start = Signal(int, object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._generation = 0
        self._reporter: JobReporter | None = None
        self._thread = QThread()
        self._thread.setObjectName("jobs")
        self._worker = _Worker()
        self._worker.moveToThread(self._thread)
        self._start.connect(self._worker.work)
        self._worker.progress.connect(self._on_progress)
        self._worker.partial.connect(self._on_partial)
        self._worker.warned.connect(self._on_warned)
        self._worker.done.connect(self._on_done)
        self._worker.failed.connect(self._on_failed)
        self._worker.cancelled.connect(self._on_cancelled)
        self._thread.start()

    @property
    def busy(self) -> bool:
        """Whether a job is running."""
        return self._reporter is not None

    def run(self, work: Work) -> None:
        """Start a job, cancelling the running one."""
        if self._reporter is not None:
            self._reporter.stop.set()
        self._generation += 1
        generation, worker = self._generation, self._worker
        self._reporter = JobReporter(
            lambda value: worker.progress.emit(generation, value),
            lambda message: worker.warned.emit(generation, message),
            lambda value: worker.partial.emit(generation, value),
        )
        self.busy_changed.emit(True)
        self._start.emit(generation, work, self._reporter)

    def cancel(self) -> None:
        """Ask the job to stop; `cancelled` follows."""
        if self._reporter is not None:
            self._reporter.stop.set()

    def close(self) -> None:
        """Cancel, and wait for the thread to end."""
        self.cancel()
        self._generation += 1
        self._thread.quit()
        self._thread.wait()

    def _current(self, generation: int) -> bool:
        return generation == self._generation

    @Slot(int, object)
    def _on_progress(self, generation: int, value: object) -> None:
        if self._current(generation):
            self.progress.emit(value)

    @Slot(int, object)
    def _on_partial(self, generation: int, value: object) -> None:
        if self._current(generation):
            self.partial.emit(value)

    @Slot(int, str)
    def _on_warned(self, generation: int, message: str) -> None:
        if self._current(generation):
            self.warned.emit(message)

    @Slot(int, object)
    def _on_done(self, generation: int, result: object) -> None:
        if self._current(generation):
            self._idle()
            self.done.emit(result)

    @Slot(int, str)
    def _on_failed(self, generation: int, message: str) -> None:
        if self._current(generation):
            self._idle()
            self.failed.emit(message)

    @Slot(int)
    def _on_cancelled(self, generation: int) -> None:
        if self._current(generation):
            self._idle()
            self.cancelled.emit()

    def _idle(self) -> None:
        self._reporter = None
        self.busy_changed.emit(False)
