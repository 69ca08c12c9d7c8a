"""A watched folder, with a clock and a classifier of the test, and processes that die at any write."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from defect_workbench.core.monitoring import Arrival, LevelAlarm, Subject
from defect_workbench.core.progress import Reporter, SilentReporter
from defect_workbench.engine.input.file_reading import CHANGED, read_found
from defect_workbench.engine.input.scan import FoundFile
from defect_workbench.storage.files.csv_cells import plain_path
from defect_workbench.storage.result.export_options import Mode
from defect_workbench.storage.watching.new_images import NewImage
from defect_workbench.storage.watching.watch_state import WatchState
from defect_workbench.storage.watching.watched_result import WatchedResult
from defect_workbench.workflows.fab.arrivals import ClassifiedFiles, Refused
from defect_workbench.workflows.fab.watch_events import WatchEvent
from defect_workbench.workflows.fab.watcher import Watcher
from tests.processes import table

LABELS = ("bridge", "particle")
INTERVAL = 5.0


class Killed(BaseException):
    """The process was killed."""


class HandClock:
    """A clock that only the test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        return self.seconds

    def date(self) -> datetime:
        return datetime(2026, 3, 2, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def wait(self, seconds: float, check: Callable[[], None]) -> None:
        check()
        self.seconds += seconds


class ByContent:
    """Classifies by the first byte: digits are labels, "u" is unknown, all else is damaged."""

    def __init__(self, locked: Container[str]) -> None:
        self._locked = locked

    def probe(self, reporter: Reporter) -> None:
        pass

    def classify(self, root: Path, files: Sequence[FoundFile], reporter: Reporter) -> ClassifiedFiles:
        images, refused, changed = [], [], []
        for file in files:
            data = read_found(root, file)
            if file.path in self._locked:
                refused.append(Refused(file, "it is locked", False))
            elif not isinstance(data, bytes):
                if data.reason == CHANGED:
                    changed.append(file)
                else:
                    refused.append(Refused(file, data.reason, False))
            elif data[:1] not in (b"0", b"1", b"u"):
                refused.append(Refused(file, "damaged", True))
            else:
                known = data[:1] != b"u"
                label = int(data[:1]) if known else 0
                sha256 = hashlib.sha256(data).hexdigest()
                score = 0.5 if known else 1.5
                images.append(
                    NewImage(
                        file.path, file.size, file.mtime_ns, sha256, label, known, score, LABELS[label], 0.9
                    )
                )
        return ClassifiedFiles(tuple(images), tuple(refused), tuple(changed))


class EveryThird:
    """Gives an alarm after every third image."""

    def __init__(self) -> None:
        self.images = 0

    def add(self, arrival: Arrival) -> list[LevelAlarm]:
        self.images += 1
        alarm = LevelAlarm(Subject("unknown"), True, 0.02, 0.5, 2, 1, self.images)
        return [] if self.images % 3 else [alarm]


class WatchedPlace:
    """A folder, its result, and a watcher that is started, moved on and killed."""

    def __init__(self, base: Path) -> None:
        self.folder, self.out = base / "tool", base / "out"
        self.folder.mkdir(parents=True)
        self.clock = HandClock()
        self.told: list[WatchEvent] = []
        self.locked: set[str] = set()
        self._result: WatchedResult | None = None
        self._watcher: Watcher | None = None

    def start(self) -> WatchedResult:
        state = WatchState(str(self.folder), "lot.dwm", "0" * 64)
        self._result = WatchedResult(self.out, state, LABELS, Mode.COPY, EveryThird())
        self._watcher = Watcher(
            self.folder,
            self._result,
            ByContent(self.locked),
            INTERVAL,
            SilentReporter(),
            self.told.append,
            self.clock,
        )
        return self._result

    def look(self, times: int = 1) -> None:
        if self._watcher is None:
            self.start()
        assert self._watcher is not None
        for _ in range(times):
            self._watcher.look()
            self.clock.seconds += INTERVAL

    def stop(self) -> None:
        if self._result is not None:
            self._result.close()
        self._result = self._watcher = None

    def look_and_die(self, at: int, torn: int) -> bool:
        """Look until everything is taken, and die at a write; return whether it came to that."""
        died = False
        try:
            with dying_at(at, torn):
                self.look(4)
        except Killed:
            died = True
        self.stop()
        return died

    @property
    def words(self) -> list[str]:
        return [event.words for event in self.told]

    @property
    def rows(self) -> list[dict[str, str]]:
        return table(self.out / "manifest.csv")

    def check(self) -> None:
        """Assert what holds whenever no process is writing."""
        rows = self.rows
        placed = [row["exported_as"] for row in rows]
        assert len(set(placed)) == len(placed)
        there = {
            path.relative_to(self.out).as_posix()
            for path in self.out.rglob("*")
            if path.is_file() and "/" in path.relative_to(self.out).as_posix()
        }
        assert {path for path in there if not path.startswith(".watch/")} == set(placed)
        assert not [path for path in there if path.startswith(".watch/stage/")]
        last: dict[str, str] = {}
        for row in rows:
            content = (self.out / row["exported_as"]).read_bytes()
            assert hashlib.sha256(content).hexdigest() == row["sha256"]
            assert last.get(row["path"]) != row["sha256"], "a row is repeated"
            last[row["path"]] = row["sha256"]
        contents = len({row["sha256"] for row in rows})
        alarms = [int(row["after_images"]) for row in table(self.out / "alarms.csv")]
        assert alarms == list(range(3, contents + 1, 3))

    def check_complete(self) -> None:
        """Assert that every file of the folder is in the result as it is now."""
        last = {plain_path(row["path"]): row["sha256"] for row in self.rows}
        reasons = {plain_path(row["path"]): row["reason"] for row in table(self.out / "rejected.csv")}
        for path in self.folder.rglob("*.png"):
            name, data = path.relative_to(self.folder).as_posix(), path.read_bytes()
            if data[:1] in (b"0", b"1", b"u"):
                assert last[name] == hashlib.sha256(data).hexdigest()
            else:
                assert reasons[name] == "damaged"


@contextmanager
def dying_at(number: int, torn: int) -> Iterator[None]:
    """Kill the process at a certain write: it is not done, or a part of it, and nothing after it is."""
    count = 0
    names = ("write", "fsync", "replace", "rename", "unlink", "mkdir", "ftruncate", "rmdir")
    before = {name: getattr(os, name) for name in names}

    def wrapped(name: str) -> Callable[..., object]:
        def call(*arguments: object, **options: object) -> object:
            nonlocal count
            count += 1
            if count == number and name == "write":
                handle, data = arguments
                with suppress(OSError):
                    before["write"](handle, bytes(data)[:torn])  # type: ignore[call-overload]
            if count >= number:
                raise Killed
            return before[name](*arguments, **options)

        return call

    for name in names:
        setattr(os, name, wrapped(name))
    try:
        yield
    finally:
        for name, function in before.items():
            setattr(os, name, function)
