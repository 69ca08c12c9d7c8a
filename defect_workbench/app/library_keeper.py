"""Writes changes of the class library in the background, in their order."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event

from PySide6.QtCore import QObject, Signal

from defect_workbench.app.jobs.runner import JobReporter, JobRunner, ResultOnDisk
from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.project.class_library import ClassLibrary
from defect_workbench.core.text import sentence_case
from defect_workbench.storage.class_library.class_file import LibraryFile

log = logging.getLogger(__name__)

Change = Callable[[ClassLibrary], ClassLibrary]


@dataclass(frozen=True, eq=False)
class Kept(ResultOnDisk):
    """The library as it is in the file now, and what could not be changed there, with the reasons."""

    library: ClassLibrary
    problems: tuple[str, ...]


class LibraryKeeper(QObject):
    """Makes each change in the file, which other windows may change, too; syncing it takes long.

    Signals: kept(ClassLibrary) once nothing waits any more: it has the changes of other windows, too;
    failed(reason) when changes could not be kept.
    """

    kept = Signal(object)
    failed = Signal(str)

    def __init__(self, file: LibraryFile, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._file = file
        self._waiting: list[Change] = []
        # The changes of the running job, and whether they are in the file.
        self._running: tuple[list[Change], Event] = [], Event()
        # Of its own, as a job of the window would push it aside.
        self._runner = JobRunner(self)
        self._runner.done.connect(self._on_done)
        self._runner.failed.connect(self._on_failed)

    def add(self, change: Change) -> None:
        """Make a change in the file, after those before it."""
        self._waiting.append(change)
        if not self._runner.busy:
            self._start()

    def close(self) -> None:
        """Make the changes that still wait, and end the thread."""
        self._runner.close()
        changes, written = self._running
        rest = self._waiting if written.is_set() else [*changes, *self._waiting]
        self._waiting = []
        if not rest:
            return
        try:
            _make(self._file, rest)
        except WorkbenchError as error:
            log.warning("%s", sentence_case(str(error)))

    def _start(self) -> None:
        changes, self._waiting = self._waiting, []
        written = Event()
        self._running = changes, written

        def work(reporter: JobReporter) -> Kept:
            reporter.stage("Writing the class library", None)
            result = _make(self._file, changes)
            written.set()
            return result

        self._runner.run(work)

    def _on_done(self, result: Kept) -> None:
        for problem in result.problems:
            self.failed.emit(problem)
        self._go_on()
        if not self._runner.busy:
            self.kept.emit(result.library)

    def _on_failed(self, reason: str) -> None:
        # Trying again at closing would fail in the same way.
        self._running[1].set()
        self.failed.emit(reason)
        self._go_on()

    def _go_on(self) -> None:
        if self._waiting:
            self._start()


def _make(file: LibraryFile, changes: Sequence[Change]) -> Kept:
    problems: list[str] = []

    def all_of_them(library: ClassLibrary) -> ClassLibrary:
        for change in changes:
            try:
                library = change(library)
            except ValueError as error:
                # Another window has given its name or key to another class in the meantime.
                problems.append(sentence_case(str(error)))
        return library

    return Kept(file.update(all_of_them), tuple(problems))
