"""Watch the folder into which a tool writes: classify what arrives, and say when levels rise.

The watcher runs for weeks. So a problem that may end (a share that is away, a full disk, a locked file) is told
once and waited for; only one that cannot end by itself stops it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Never, Protocol

from defect_workbench.core.errors import Cancelled, InputError, Remedy, WorkbenchError, concerning
from defect_workbench.core.images.image_records import PASSED_OVER, Rejection
from defect_workbench.core.progress import Reporter
from defect_workbench.core.safe_reading import file_digest, why_not_written
from defect_workbench.core.text import counted
from defect_workbench.engine.input.scan import FoundFile, Listing, scan
from defect_workbench.storage.result.export_options import Mode
from defect_workbench.storage.watching.watch_state import WatchState, check_can_continue
from defect_workbench.storage.watching.watched_result import Committed, WatchedResult
from defect_workbench.workflows.classify import ClassifyRequest, applied_model, open_model
from defect_workbench.workflows.extract import FeatureOptions
from defect_workbench.workflows.fab.arrivals import ArrivalClassifier, ClassifiedFiles
from defect_workbench.workflows.fab.settling import Settling
from defect_workbench.workflows.fab.watch_events import BatchDone, Tell, WatchBegan, WatchNotice

LEAST_INTERVAL, DEFAULT_INTERVAL = 0.1, 5.0
# Files that are classified and written together: a kill loses no more work than that.
MOST_AT_ONCE = 128
# A scan of a slow share takes at most a fifth of the time.
_PAUSE_PER_SCAN = 4.0
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


class Files(Protocol):
    """Classifies files; `ArrivalClassifier`, or what a test puts in its place."""

    def probe(self, reporter: Reporter) -> None: ...
    def classify(self, root: Path, files: Sequence[FoundFile], reporter: Reporter) -> ClassifiedFiles: ...


@dataclass(frozen=True)
class WatchRequest:
    """What to watch.

    Attributes
    ----------
    model : Path
        File of the classifier.
    false_alarms : float or None
        Share of known images that may be called unknown; None for that of the classifier.
    interval : float
        Seconds between two looks at the folder. A file is taken when it stood still for two.
    """

    folder: Path
    model: Path
    out: Path
    interval: float = DEFAULT_INTERVAL
    mode: Mode = Mode.COPY
    false_alarms: float | None = None


def watch_folder(request: WatchRequest, options: FeatureOptions, reporter: Reporter, tell: Tell) -> Never:
    """Watch a folder until the user cancels.

    Parameters
    ----------
    options : FeatureOptions
        Preprocessing and description are those of the classifier; the feature store is not used.
    tell : callable
        Receives what happens.

    Raises
    ------
    Cancelled
        When the user cancels; everything that was taken is complete on the disk.
    InputError
        If the folder does not exist, or the result folder is something else.
    WorkbenchError
        If the classifier does not fit, or another program changed the result.
    """
    from defect_workbench.engine.monitoring.level_monitor import LevelMonitor

    check_interval(request.interval)
    with concerning(request.model):
        model = applied_model(
            ClassifyRequest(open_model(request.model), request.folder, false_alarms=request.false_alarms)
        )
    folder, out = Path(os.path.abspath(request.folder)), Path(os.path.abspath(request.out))
    state = WatchState(str(folder), request.model.name, file_digest(request.model), request.false_alarms)
    # A folder that was watched before may be away for now.
    if not check_can_continue(out, state) and not folder.is_dir():
        raise InputError(f"{folder} is not a folder" if folder.exists() else f"there is no folder {folder}")
    files = ArrivalClassifier(model, options)
    files.probe(reporter)
    result = opened(out, state, model.labels, request.mode, LevelMonitor(model))
    try:
        Watcher(folder, result, files, request.interval, reporter, tell, SystemClock()).run()
    finally:
        result.close()


def opened(out: Path, state: WatchState, labels: Sequence[str], mode: Mode, monitor: object) -> WatchedResult:
    """Open a result or create it; errors of the system are explained.

    Raises
    ------
    WorkbenchError
        If it cannot be written.
    """
    try:
        return WatchedResult(out, state, labels, mode, monitor)  # type: ignore[arg-type]
    except OSError as error:
        raise WorkbenchError(
            f"{out} cannot be written: {why_not_written(error)}", Remedy.OTHER_FOLDER
        ) from error


def check_interval(interval: float) -> None:
    """Check the seconds between two looks.

    Raises
    ------
    InputError
        If they are too few, or not a number.
    """
    if not LEAST_INTERVAL <= interval <= 86_400:
        raise InputError(f"the interval must be from {LEAST_INTERVAL} s to a day, not {interval:g} s")


@dataclass
class _Quiet:
    """Passes on cancellation, and each warning once; stages of a batch are not worth a line."""

    reporter: Reporter
    warned: set[str] = field(default_factory=set)

    def stage(self, title: str, total: int | None) -> None:
        """Ignore the stage."""

    def advance(self, steps: int = 1) -> None:
        """Ignore the steps."""

    def warn(self, message: str, remedy: Remedy | None = None) -> None:
        """Pass on a warning that is new."""
        if message not in self.warned:
            self.warned.add(message)
            self.reporter.warn(message, remedy)

    def check(self) -> None:
        """Stop when the user cancelled."""
        self.reporter.check()


class Watcher:
    """The loop."""

    def __init__(
        self,
        folder: Path,
        result: WatchedResult,
        files: Files,
        interval: float,
        reporter: Reporter,
        tell: Tell,
        clock: Clock,
    ) -> None:
        self._folder, self._result, self._files = folder, result, files
        self._interval, self._tell, self._clock = interval, tell, clock
        self._reporter = _Quiet(reporter)
        self._settling, self._passed = Settling(2 * interval), Settling(2 * interval)
        # What is classified but cannot be written yet.
        self._ready: ClassifiedFiles | None = None
        self._problems: dict[str, str] = {}

    def run(self) -> Never:
        """Look again and again.

        Raises
        ------
        Cancelled
            When the user cancels.
        WorkbenchError
            If it cannot go on.
        """
        result = self._result
        counts = {folder: result.counts[folder] for folder in result.folders}
        self._tell(WatchBegan(self._folder, result.out, self._interval, counts, result.rejected))
        if not result.is_locked:
            self._problem(
                "lock",
                f"{result.out} is on a disk without locks; make sure that no other watcher writes there",
            )
        try:
            while True:
                seconds = self.look()
                self._clock.wait(max(self._interval, _PAUSE_PER_SCAN * seconds), self._reporter.check)
        except Cancelled:
            with suppress(OSError):
                result.finish()
            words = f"stopped; {result.out} has {counted(result.images, 'image')}"
            raise Cancelled(f"{words}. The same command continues it") from None

    def look(self) -> float:
        """Look at the folder once, and classify what is complete; return the duration of the scan."""
        started = self._clock.now()
        listing = self._scan()
        now = self._clock.now()
        if listing is not None:
            for part in self._due(listing, now):
                self._reporter.check()
                if not self._take(part):
                    break
        self._write_rest()
        return now - started

    def _scan(self) -> Listing | None:
        """List the folder; None if it is away."""
        try:
            listing = scan(self._folder, self._reporter, without=self._result.out)
        except InputError as error:
            self._problem("folder", f"{error}; waiting until it is back")
            return None
        # Where a share was mounted there is an empty folder while it is away.
        if not listing.files and not listing.rejected and self._result.images:
            self._problem("folder", f"the folder {self._folder} is empty; waiting for new files")
        else:
            self._solved("folder", f"the folder {self._folder} is back")
        return listing

    def _due(self, listing: Listing, now: float) -> Iterator[list[FoundFile]]:
        """Note what cannot be used, and yield the files that are complete, some at a time."""
        self._note_passed(listing, now)
        result = self._result
        open_files = {
            file.path: file
            for file in listing.files
            if not result.is_done(file.path, file.size, file.mtime_ns)
        }
        stamps = ((path, (file.size, file.mtime_ns)) for path, file in open_files.items())
        due = self._settling.due(stamps, now)
        for start in range(0, len(due), MOST_AT_ONCE):
            yield [open_files[path] for path in due[start : start + MOST_AT_ONCE]]

    def _note_passed(self, listing: Listing, now: float) -> None:
        """Reject what the scan could not use, once it stood still; a hidden file is often a half-written one."""
        unreadable = [item for item in listing.rejected if item.path.endswith("/")]
        for item in unreadable:
            self._problem(f"folder {item.path}", f"{item.path}: {item.reason}; waiting")
        for key in [key for key in self._problems if key.startswith("folder ")]:
            if key not in {f"folder {item.path}" for item in unreadable}:
                self._solved(key, f"{key.removeprefix('folder ')} can be read again")
        # Files in hidden folders and in results are left out for where they are, not for what they are.
        passed = {
            item.path: item.reason
            for item in listing.rejected
            if not item.path.endswith("/")
            and item.reason not in PASSED_OVER
            and self._result.reason(item.path) != item.reason
        }
        for path in self._passed.due(passed.items(), now):
            self._reject([Rejection(path, passed[path])])

    def _reject(self, rejections: Sequence[Rejection]) -> None:
        for each in rejections:
            if self._result.reject(each, None):
                self._report(Committed(), ((each.path, each.reason),))

    def _take(self, files: Sequence[FoundFile]) -> bool:
        """Classify files and write them; return whether it makes sense to go on with others."""
        if self._ready is not None and not self._write():
            return False
        try:
            self._ready = self._files.classify(self._folder, files, self._reporter)
        except Cancelled:
            raise
        except WorkbenchError as error:
            if self._folder.is_dir() and _listable(self._folder):
                raise
            self._problem("folder", f"{error}")
            return False
        return self._write()

    def _write(self) -> bool:
        """Write what is classified; return whether it could be written."""
        ready = self._ready
        if ready is None:
            return True
        result, now = self._result, self._clock.now()
        date = self._clock.date()
        try:
            done = result.commit(ready.images, self._folder, date.isoformat(timespec="seconds"))
        except OSError as error:
            self._not_written(error)
            return False
        self._ready = None
        for path in (*done.changed, *(file.path for file in ready.changed)):
            self._settling.begin_again(path)
        rejected = []
        for each in ready.refused:
            stamp = (each.file.size, each.file.mtime_ns) if each.lasting else None
            if not each.lasting:
                self._settling.try_later(each.file.path, now)
            if result.reject(Rejection(each.file.path, each.reason), stamp):
                rejected.append((each.file.path, each.reason))
        written = self._write_rest()
        self._report(done, tuple(rejected))
        return written

    def _write_rest(self) -> bool:
        """Write what follows from the manifest, and what waits for a disk; return whether that worked."""
        if self._ready is not None:
            return self._write()
        try:
            self._result.finish()
        except OSError as error:
            self._not_written(error)
            return False
        self._solved("result", f"{self._result.out} can be written again")
        return True

    def _not_written(self, error: OSError) -> None:
        words = f"{self._result.out} cannot be written: {why_not_written(error)}; waiting, nothing is lost"
        self._problem("result", words)

    def _report(self, done: Committed, rejected: tuple[tuple[str, str], ...]) -> None:
        result = self._result
        if done.images or rejected:
            self._tell(
                BatchDone(
                    self._clock.date(),
                    done.images,
                    rejected,
                    done.replaced,
                    result.images,
                    result.rejected,
                    done.alarms,
                    {folder: result.counts[folder] for folder in result.folders},
                )
            )

    def _problem(self, what: str, words: str) -> None:
        """Tell a problem once, until it is solved."""
        if self._problems.get(what) != words:
            self._problems[what] = words
            self._tell(WatchNotice(self._clock.date(), words))

    def _solved(self, what: str, words: str) -> None:
        if self._problems.pop(what, None) is not None:
            self._tell(WatchNotice(self._clock.date(), words, problem=False))


def _listable(folder: Path) -> bool:
    try:
        os.scandir(folder).close()
    except OSError:
        return False
    return True
