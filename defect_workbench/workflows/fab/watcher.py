"""The loop of a watcher: scan, classify what is complete, write it, report, wait.

A watcher runs for weeks. So a problem that may end (a share that is away, a full disk, a locked file) is
reported once and waited for; only one that cannot end by itself stops it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Never, Protocol

from defect_workbench.core.errors import Cancelled, InputError, Remedy, WorkbenchError
from defect_workbench.core.images.image_records import PASSED_OVER, Rejection
from defect_workbench.core.progress import Reporter
from defect_workbench.core.safe_reading import why_not_written
from defect_workbench.core.text import counted
from defect_workbench.engine.input.scan import FoundFile, Listing, scan
from defect_workbench.storage.watching.new_images import Committed
from defect_workbench.storage.watching.watched_result import WatchedResult
from defect_workbench.workflows.fab.arrivals import ClassifiedFiles
from defect_workbench.workflows.fab.paged_files import PagedFiles
from defect_workbench.workflows.fab.settling import Settling
from defect_workbench.workflows.fab.watch_clock import Clock
from defect_workbench.workflows.fab.watch_events import BatchDone, Tell, WatchBegan, WatchNotice, WatchRemark

# Files that are classified and written together: a kill loses no more work than that.
MOST_AT_ONCE = 128
# A scan of a slow share takes at most a fifth of the time.
_PAUSE_PER_SCAN = 4.0


class Files(Protocol):
    """Classifies files; `ArrivalClassifier`, or what a test puts in its place."""

    def probe(self, reporter: Reporter) -> None:
        """Classify an image of the sample set, which loads the network."""

    def classify(self, root: Path, files: Sequence[FoundFile], reporter: Reporter) -> ClassifiedFiles:
        """Classify some files of a folder."""


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
        self._reporter = reporter
        self._settling, self._passed = Settling(2 * interval), Settling(2 * interval)
        self._paged = PagedFiles()
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
            If it cannot continue.
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
            raise Cancelled(words, Remedy.CONTINUE) from None

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
        except InputError:
            self._away()
            return None
        self._solved("folder", f"the folder {self._folder} is back")
        # Where a share was mounted there is an empty folder while it is away.
        if not listing.files and not listing.rejected and self._result.images:
            words = (
                f"the folder {self._folder} is empty; waiting for files. Nothing is removed from the result"
            )
            self._problem("files", words)
        else:
            self._solved("files", f"the folder {self._folder} has files again")
        return listing

    def _away(self) -> None:
        self._problem("folder", f"the folder {self._folder} cannot be read; waiting until it is back")

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
        # In the order in which they were written, as levels are watched over time.
        due.sort(key=lambda path: (open_files[path].mtime_ns, path))
        for start in range(0, len(due), MOST_AT_ONCE):
            yield [open_files[path] for path in due[start : start + MOST_AT_ONCE]]

    def _note_passed(self, listing: Listing, now: float) -> None:
        """Reject what the scan could not use, once it is complete: hidden files are often half-written."""
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
        due = self._passed.due(passed.items(), now)
        new = [path for path in due if self._result.reject(Rejection(path, passed[path]), None)]
        self._report(Committed(), tuple((path, passed[path]) for path in new))

    def _take(self, files: Sequence[FoundFile]) -> bool:
        """Classify files and write them; return whether it makes sense to continue with others."""
        if self._ready is not None and not self._write():
            return False
        self._note_pages(files)
        try:
            self._ready = self._files.classify(self._folder, files, self._reporter)
        except Cancelled:
            raise
        except WorkbenchError:
            if _listable(self._folder):
                raise
            self._away()
            return False
        return self._write()

    def _note_pages(self, files: Sequence[FoundFile]) -> None:
        """Tell once that only first pages are classified: of a lot, that would be one defect of thousands."""
        if first := self._paged.first(self._folder, files):
            words = (
                f"the file {first} has several pages, and only the first is classified. To classify all "
                "defects of an inspection file (KLARF), classify that file without watching"
            )
            self._tell(WatchRemark(self._clock.date(), words))

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
            # Other programs lock files for a moment, and move them.
            if not each.lasting and (
                not self._settling.try_later(each.file.path, now)
                or not os.path.lexists(self._folder / each.file.path)
            ):
                continue
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
