"""A result that grows while a folder is watched.

    DIR/watch.json           which folder and classifier it is of; written once
    DIR/manifest.csv         as `classify` writes it; rows are only appended
    DIR/rejected.csv         path, reason; rows are only appended
    DIR/alarms.csv           the alarms that were raised; rows are only appended
    DIR/<label>/<file>       the images
    DIR/.watch/files.csv     size and time of the files that were read; saves reading them again
    DIR/.watch/stage/        images whose rows are being appended
    DIR/.watch/lock          locked while a watcher runs

An image belongs to the result as soon as its row is in the manifest. Everything else follows from the
manifest when a result is opened again, whatever was being written when the process was killed.
"""

from __future__ import annotations

import errno
import os
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from defect_workbench.core.errors import InputError
from defect_workbench.core.images.image_records import Rejection
from defect_workbench.core.monitoring import Arrival, LevelAlarm
from defect_workbench.core.project.decisions import OUTLIERS
from defect_workbench.core.result_files import ALARMS, MANIFEST, REJECTED, WATCH
from defect_workbench.core.safe_reading import read_regular
from defect_workbench.storage.files.csv_cells import plain_path, plain_text, safe_path, safe_text
from defect_workbench.storage.files.safe_names import Names
from defect_workbench.storage.files.system_lock import SystemLock
from defect_workbench.storage.result.export_options import Mode
from defect_workbench.storage.result.manifest import Row, column_names, manifest_line
from defect_workbench.storage.result.reserved_names import reserved_names
from defect_workbench.storage.watching.alarm_table import ALARM_COLUMNS, alarm_line, missing_alarms
from defect_workbench.storage.watching.appended_table import AppendedTable, ChangedByOthers
from defect_workbench.storage.watching.known_files import KnownFiles
from defect_workbench.storage.watching.new_images import Committed, Monitor, NewImage
from defect_workbench.storage.watching.staged_images import SourceChanged, StagedImages
from defect_workbench.storage.watching.watch_state import WatchState, check_can_continue, create_result

CLASSIFIER_COLUMNS = ("stage_path", "probability", "known")
HIDDEN, LOCK, FILES, STAGE = ".watch", "lock", "files.csv", "stage"
_REJECTED_COLUMNS = ("path", "reason")
_MOST_STATE_BYTES = 1 << 20


@dataclass
class _Pending:
    """What follows from rows that are in the manifest, but is not written yet."""

    moves: list[str] = field(default_factory=list)
    rejected: list[Sequence[object]] = field(default_factory=list)
    files: list[Sequence[object]] = field(default_factory=list)
    alarms: list[Sequence[object]] = field(default_factory=list)


class WatchedResult:
    """An open result, locked until `close`.

    Parameters
    ----------
    labels : sequence of str
        Those of the classifier.
    monitor : Monitor
        Is given all images of the result, in order.

    Raises
    ------
    InputError
        If the folder is something else, or another watcher has it.
    WorkbenchError, OSError
        If it cannot be read or written.
    """

    def __init__(
        self, out: Path, state: WatchState, labels: Sequence[str], mode: Mode, monitor: Monitor
    ) -> None:
        self.out = Path(os.path.abspath(out))
        self._mode, self._monitor, self._labels = mode, monitor, tuple(labels)
        names = Names(*reserved_names())
        self._folders = [names.take(label) for label in labels]
        if not check_can_continue(self.out, state):
            tables = {
                MANIFEST: column_names(CLASSIFIER_COLUMNS),
                REJECTED: _REJECTED_COLUMNS,
                ALARMS: ALARM_COLUMNS,
            }
            create_result(self.out, state, tables)
        self._state = read_regular(self.out / WATCH, _MOST_STATE_BYTES)
        hidden = self.out / HIDDEN
        hidden.mkdir(exist_ok=True)
        self._lock = SystemLock(hidden / LOCK)
        self.is_locked = self._acquire()
        try:
            self._stage = StagedImages(self.out, hidden / STAGE)
            self._pending = _Pending()
            self._known = KnownFiles()
            self._contents: set[bytes] = set()
            self._names: dict[str, Names] = {}
            self._decided: dict[tuple[str, str], str] = {}
            self._unknown = 0
            self.counts: Counter[str] = Counter()
            self._manifest = self._table(MANIFEST, column_names(CLASSIFIER_COLUMNS))
            self._rejected = self._table(REJECTED, _REJECTED_COLUMNS)
            self._alarms = self._table(ALARMS, ALARM_COLUMNS)
            self._reasons = {plain_path(row["path"]): row["reason"] for row in self._rejected.rows()}
            due = self._read_manifest()
            self._files = self._known.read_stamps(hidden / FILES, self._reasons)
            self._pending.alarms += missing_alarms(self._alarms.rows(), due)
            self.finish()
        except BaseException:
            self.close()
            raise

    @property
    def images(self) -> int:
        """Number of rows of the manifest."""
        return self.counts.total()

    @property
    def rejected(self) -> int:
        """Number of files that were rejected."""
        return len(self._reasons)

    @property
    def folders(self) -> tuple[str, ...]:
        """The folder of each label, then that of unknown images."""
        return (*self._folders, OUTLIERS)

    def is_done(self, path: str, size: int, mtime_ns: int) -> bool:
        """Whether a file has not changed since it was read."""
        return self._known.is_done(path, size, mtime_ns)

    def reason(self, path: str) -> str | None:
        """Return the last reason for which a file was rejected; None if it was not."""
        reason = self._reasons.get(path)
        return None if reason is None else plain_text(reason)

    def commit(self, images: Sequence[NewImage], root: Path, time: str) -> Committed:
        """Add images: all of them, or none after an error.

        Parameters
        ----------
        root : Path
            The folder that their paths are relative to.
        time : str
            For the table of alarms.

        Raises
        ------
        OSError
            If it cannot be written now; it can be tried again.
        WorkbenchError
            If another program changed the result, or links are not possible.
        """
        self.finish()
        self.check_there()
        unchanged = [
            image for image in images if self._known.content(image.path) == bytes.fromhex(image.sha256)
        ]
        same = {image.path for image in unchanged}
        staged: list[tuple[NewImage, str]] = []
        changed: list[str] = []
        try:
            for image in images:
                if image.path in same:
                    continue
                exported_as = self._exported_as(image)
                try:
                    self._stage.put(root / image.path, image.sha256, exported_as, self._mode)
                except SourceChanged:
                    changed.append(image.path)
                else:
                    staged.append((image, exported_as))
            self._manifest.append(self._lines(staged))
        except Exception:
            for _, exported_as in staged:
                with suppress(OSError):
                    self._stage.drop(exported_as)
            raise
        replaced = tuple(image.path for image, _ in staged if self._known.content(image.path))
        alarms: list[LevelAlarm] = []
        for image, exported_as in staged:
            self._decided.pop((image.path, image.sha256), None)
            self._pending.moves.append(exported_as)
            content = bytes.fromhex(image.sha256)
            cell = float(_score_cell(image.score))
            alarms += self._count(image.path, content, self._folder(image), image.label, image.known, cell)
        for image in [*unchanged, *(image for image, _ in staged)]:
            self._pending.files.append(self._known.note(image.path, image.size, image.mtime_ns))
        self._pending.alarms += [alarm_line(alarm, time) for alarm in alarms]
        return Committed(
            tuple((self._folder(image), exported_as) for image, exported_as in staged),
            replaced,
            tuple(sorted(same)),
            tuple(changed),
            tuple(alarms),
        )

    def reject(self, rejection: Rejection, stamp: tuple[int, int] | None) -> bool:
        """Note a rejected file; `finish` writes it. Return whether this was not known.

        Parameters
        ----------
        stamp : tuple of (int, int) or None
            Size and time of the file, if it need not be read again before it changes.
        """
        if stamp is not None:
            self._pending.files.append(self._known.note(rejection.path, *stamp))
        reason = safe_text(rejection.reason)
        if self._reasons.get(rejection.path) == reason:
            return False
        self._reasons[rejection.path] = reason
        self._pending.rejected.append((safe_path(rejection.path), reason))
        return True

    def finish(self) -> None:
        """Write what follows from the rows in the manifest.

        Raises
        ------
        OSError
            If it cannot be written now; the next call continues with it.
        """
        pending = self._pending
        while pending.moves:
            self._stage.move(pending.moves[0])
            del pending.moves[0]
        for table, lines in (
            (self._rejected, pending.rejected),
            (self._alarms, pending.alarms),
            (self._files, pending.files),
        ):
            if lines:
                table.append(lines)
                lines.clear()

    def check_there(self) -> None:
        """Check that the result is where it was: an empty folder may take the place of a share.

        Raises
        ------
        OSError
            If it is not there.
        ChangedByOthers
            If another result took its place.
        """
        if read_regular(self.out / WATCH, _MOST_STATE_BYTES) != self._state:
            raise ChangedByOthers(f"{self.out / WATCH} was changed by another program")

    def close(self) -> None:
        """Release the lock."""
        self._lock.release()

    def _acquire(self) -> bool:
        """Lock the result; return False if its file system has no locks."""
        try:
            if not self._lock.acquire():
                raise InputError(f"another watcher is writing to {self.out}")
        except NotImplementedError:
            return False
        except OSError as error:
            if error.errno in (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP):
                return False
            raise
        return True

    def _table(self, name: str, columns: Sequence[str]) -> AppendedTable:
        try:
            return AppendedTable(self.out / name, columns)
        except FileNotFoundError as error:
            raise InputError(
                f"{self.out / name} is missing, so this result cannot be continued; restore it"
            ) from error

    def _read_manifest(self) -> list[LevelAlarm]:
        """Take over the rows of the manifest; return the alarms that they give."""
        alarms: list[LevelAlarm] = []
        number_of = {folder: number for number, folder in enumerate(self._folders)}
        stage = self.out / HIDDEN / STAGE
        in_manifest: set[str] | None = set() if stage.is_dir() else None
        for row in self._manifest.rows():
            path, exported_as = plain_path(row["path"]), plain_path(row["exported_as"])
            nearest = plain_text(row["nearest_cluster"])
            try:
                content, score = bytes.fromhex(row["sha256"]), float(row["outlier_score"])
                label = number_of[nearest]
            except (ValueError, KeyError) as error:
                raise InputError(
                    f"{self.out / MANIFEST} is damaged at {path[:80]!r}; nothing was changed"
                ) from error
            folder, _, name = exported_as.partition("/")
            self._names.setdefault(folder, Names()).take(name)
            known = row["known"] == "true"
            alarms += self._count(path, content, plain_text(row["label"]), label, known, score)
            if in_manifest is not None:
                in_manifest.add(exported_as)
        if in_manifest is not None:
            self._stage.recover(in_manifest)
        return alarms

    def _count(
        self, path: str, content: bytes, folder: str, label: int, known: bool, score: float
    ) -> list[LevelAlarm]:
        """Take over a row; return the alarms that it gives."""
        self.counts[folder] += 1
        self._unknown += not known
        self._known.set_content(path, content)
        # The same file in another folder is no other defect.
        if content in self._contents:
            return []
        self._contents.add(content)
        return self._monitor.add(Arrival(self._labels[label], known, score))

    def _folder(self, image: NewImage) -> str:
        return self._folders[image.label] if image.known else OUTLIERS

    def _exported_as(self, image: NewImage) -> str:
        """Return where an image goes; the same place if it is tried again."""
        key = (image.path, image.sha256)
        folder = self._folder(image)
        if key not in self._decided:
            names = self._names.setdefault(folder, Names())
            name = preferred = image.path.rpartition("/")[2]
            name = names.take(preferred)
            # Somebody may have put files there.
            while os.path.lexists(self.out / folder / name):
                name = names.take(preferred)
            self._decided[key] = f"{folder}/{name}"
        return self._decided[key]

    def _lines(self, staged: Sequence[tuple[NewImage, str]]) -> list[list[str]]:
        lines, unknown = [], self._unknown
        for image, exported_as in staged:
            unknown += not image.known
            row = Row(
                path=image.path,
                sha256=image.sha256,
                label=self._folder(image),
                cluster=image.label + 1 if image.known else len(self._folders) + unknown,
                outlier=not image.known,
                outlier_score=image.score,
                nearest_cluster=self._folders[image.label],
                distance=None,
                exported_as=exported_as,
            )
            cells = (image.stage_path, f"{image.probability:.6f}", "true" if image.known else "false")
            lines.append(manifest_line(row, cells))
        return lines


def _score_cell(score: float) -> str:
    """Return the score as the manifest has it, so that a restart sees the same numbers."""
    return f"{score:.6g}"
