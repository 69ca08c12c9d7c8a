"""Fills a folder completely or not at all, even if the process is killed.

A new folder is filled under a temporary name beside its location and renamed. For an existing folder, files
are completed in a staging folder inside it and then moved. Once the staging folder is marked as complete,
the next process finishes an interrupted move.

    DIR/.defect-workbench-stage/lock          locked while files are being written
    DIR/.defect-workbench-stage/files/...     the files to move
    DIR/.defect-workbench-stage/commit.json   written last; after that, the move is always completed
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from filelock import FileLock, Timeout

from defect_workbench.core.errors import Remedy, WorkbenchError
from defect_workbench.core.safe_reading import is_inside
from defect_workbench.storage.files.atomic import DRAFT_SUFFIX, is_draft, sync_path, write_text

STAGE = ".defect-workbench-stage"
_LOCK, _FILES, _COMMIT = "lock", "files", "commit.json"


@dataclass(frozen=True)
class Stage:
    """A staging folder, in which files are completed before they are moved to the target folder.

    Attributes
    ----------
    files : Path
        The folder to write to.
    out : Path
        The target folder.
    inside : bool
        Whether `out` already exists.
    """

    files: Path
    out: Path
    inside: bool

    def publish(self, replaced: Sequence[str] = (), last: Sequence[str] = ()) -> None:
        """Move all files to the target folder.

        Parameters
        ----------
        replaced : sequence of str
            Existing files that may be replaced; no other file is.
        last : sequence of str
            Files to move after all others, in this order.
        """
        if not self.inside:
            try:
                os.rename(self.files, self.out)
            except OSError:
                if not os.path.lexists(self.out):
                    raise
                raise WorkbenchError(
                    f"{self.out} was created in the meantime, perhaps by another export; nothing was written",
                    Remedy.OTHER_FOLDER,
                ) from None
            sync_path(self.out.parent)
            return
        staged = sorted(p.relative_to(self.files).as_posix() for p in _files_below(self.files))
        moved_last = [path for path in last if path in staged]
        order = [path for path in staged if path not in moved_last] + moved_last
        plan = {"order": order, "replaced": [path for path in replaced if path in staged]}
        write_text(self.files.parent / _COMMIT, json.dumps(plan, ensure_ascii=False))
        _apply(self.files.parent, self.out)


@contextmanager
def staging(out: Path) -> Iterator[Stage]:
    """Yield a staging folder for a target that is missing, empty or to be added to; remove it afterwards.

    Raises
    ------
    WorkbenchError
        If another process is filling the same folder.
    """
    recover(out)
    inside = out.is_dir()
    if inside:
        folder = out / STAGE
        folder.mkdir()
    else:
        out.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}-", suffix=DRAFT_SUFFIX))
    lock = FileLock(folder / _LOCK, timeout=0)
    try:
        lock.acquire()
        files = folder / _FILES
        files.mkdir()
        yield Stage(files, out, inside)
    finally:
        # A complete staging folder is kept even if moving its files failed halfway.
        if not (folder / _COMMIT).exists():
            shutil.rmtree(folder, ignore_errors=True)
        lock.release()
        if not (folder / _COMMIT).exists():
            shutil.rmtree(folder, ignore_errors=True)


def has_only_leftovers(out: Path) -> bool:
    """Whether a folder contains only an unfinished staging folder, so that it counts as empty."""
    names = os.listdir(out)
    return names == [STAGE] and not (out / STAGE / _COMMIT).exists()


def recover(out: Path) -> None:
    """Finish moving the files of a killed process if they were complete, else delete them.

    Raises
    ------
    WorkbenchError
        If the other process is still running.
    """
    folder = out / STAGE
    if folder.is_dir() and not folder.is_symlink():
        with _exclusive(folder, out):
            if (folder / _COMMIT).exists():
                _apply(folder, out)
        shutil.rmtree(folder, ignore_errors=True)
    # Only folders whose name and content are those of this program; other folders are kept.
    for old in out.parent.glob(f".{_escaped(out.name)}-*{DRAFT_SUFFIX}"):
        if not is_draft(old, out.name) or old.is_symlink():
            continue
        with suppress(WorkbenchError, OSError):
            if not os.listdir(old):
                old.rmdir()
            elif set(os.listdir(old)) <= {_LOCK, _FILES} and (old / _LOCK).is_file():
                with _exclusive(old, out):
                    shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _exclusive(folder: Path, out: Path) -> Iterator[None]:
    lock = FileLock(folder / _LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise WorkbenchError(f"another export to {out} is running; wait until it has finished") from None
    try:
        yield
    finally:
        lock.release()


def _apply(folder: Path, out: Path) -> None:
    """Move staged files; skip those that have already been moved."""
    try:
        plan = json.loads((folder / _COMMIT).read_text(encoding="utf-8"))
        order = [str(path) for path in plan["order"]]
        replaced = {str(path) for path in plan["replaced"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WorkbenchError(f"the unfinished export in {folder} is damaged; it was not changed") from error
    if not all(is_inside(path) for path in order):
        raise WorkbenchError(f"the unfinished export in {folder} is damaged; it was not changed")
    for path in order:
        staged, target = folder / _FILES / path, out / path
        if not os.path.lexists(staged):
            continue
        _check_parents(out, path, staged)
        target.parent.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(target) and path not in replaced:
            raise WorkbenchError(
                f"{target} was created in the meantime; it was not changed; the new file is {staged}"
            )
        os.replace(staged, target)
    sync_path(out)
    (folder / _COMMIT).unlink()
    shutil.rmtree(folder, ignore_errors=True)


def _check_parents(out: Path, path: str, staged: Path) -> None:
    """Reject a target if one of its existing parents is a link or not a folder."""
    parent = out
    for part in PurePosixPath(path).parent.parts:
        parent = parent / part
        if parent.is_symlink() or (parent.exists() and not parent.is_dir()):
            raise WorkbenchError(f"{parent} is outside {out}; {staged} was not moved")


def _files_below(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder):
        yield from (Path(parent) / name for name in names)


def _escaped(name: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)
