"""Fills a folder completely or not at all, even if the process is killed.

A folder that does not exist yet is filled beside its place and renamed. An existing one gets its files from
a stage inside it: once the stage is marked as complete, the next process to come finishes moving them.

    DIR/.defect-workbench-stage/lock          held while the stage is being filled
    DIR/.defect-workbench-stage/files/...     what will be moved
    DIR/.defect-workbench-stage/commit.json   written last: from here on the move is completed, never undone
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
from defect_workbench.storage.files.atomic import DRAFT_SUFFIX, is_draft, sync_folder, write_text

STAGE = ".defect-workbench-stage"
_LOCK, _FILES, _COMMIT = "lock", "files", "commit.json"


@dataclass(frozen=True)
class Stage:
    """Where the files of a folder are prepared.

    Attributes
    ----------
    files : Path
        To be filled.
    out : Path
        Where they go.
    inside : bool
        Whether `out` already exists.
    """

    files: Path
    out: Path
    inside: bool

    def publish(self, replaced: Sequence[str] = (), last: Sequence[str] = ()) -> None:
        """Move everything to its place.

        Parameters
        ----------
        replaced : sequence of str
            Files that are replaced if they exist; no other file ever is.
        last : sequence of str
            Files that are moved after all others, in this order.
        """
        if not self.inside:
            try:
                os.rename(self.files, self.out)
            except OSError:
                if not os.path.lexists(self.out):
                    raise
                raise WorkbenchError(
                    f"{self.out} appeared in the meantime, perhaps from another export; nothing was written",
                    Remedy.OTHER_FOLDER,
                ) from None
            sync_folder(self.out.parent)
            return
        found = sorted(p.relative_to(self.files).as_posix() for p in _leaves(self.files))
        ends = [path for path in last if path in found]
        order = [path for path in found if path not in ends] + ends
        plan = {"order": order, "replaced": [path for path in replaced if path in found]}
        write_text(self.files.parent / _COMMIT, json.dumps(plan, ensure_ascii=False))
        _apply(self.files.parent, self.out)


@contextmanager
def staging(out: Path) -> Iterator[Stage]:
    """A stage for a folder that is missing, empty or to be added to; it is removed afterwards.

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
        # A complete stage is kept even if moving it failed half-way.
        if not (folder / _COMMIT).exists():
            shutil.rmtree(folder, ignore_errors=True)
        lock.release()
        if not (folder / _COMMIT).exists():
            shutil.rmtree(folder, ignore_errors=True)


def left_over(out: Path) -> bool:
    """Whether a folder holds an unfinished stage and nothing else: then it counts as empty."""
    names = os.listdir(out)
    return names == [STAGE] and not (out / STAGE / _COMMIT).exists()


def recover(out: Path) -> None:
    """Finish moving a stage that a killed process had completed, and delete an incomplete one.

    Raises
    ------
    WorkbenchError
        If the other process is still running.
    """
    folder = out / STAGE
    if folder.is_dir() and not folder.is_symlink():
        with _alone(folder, out):
            if (folder / _COMMIT).exists():
                _apply(folder, out)
        shutil.rmtree(folder, ignore_errors=True)
    # Only folders with a name and content of this program; a user's own folder is kept.
    for old in out.parent.glob(f".{_escaped(out.name)}-*{DRAFT_SUFFIX}"):
        if not is_draft(old, out.name) or old.is_symlink():
            continue
        with suppress(WorkbenchError, OSError):
            if not os.listdir(old):
                old.rmdir()
            elif set(os.listdir(old)) <= {_LOCK, _FILES} and (old / _LOCK).is_file():
                with _alone(old, out):
                    shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _alone(folder: Path, out: Path) -> Iterator[None]:
    lock = FileLock(folder / _LOCK, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise WorkbenchError(f"another export into {out} is under way; wait for it to end") from None
    try:
        yield
    finally:
        lock.release()


def _apply(folder: Path, out: Path) -> None:
    """Move staged files; those already moved are skipped."""
    try:
        plan = json.loads((folder / _COMMIT).read_text(encoding="utf-8"))
        order = [str(path) for path in plan["order"]]
        replaced = {str(path) for path in plan["replaced"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WorkbenchError(f"the unfinished export in {folder} is damaged; it was not touched") from error
    if not all(is_inside(path) for path in order):
        raise WorkbenchError(f"the unfinished export in {folder} is damaged; it was not touched")
    for path in order:
        staged, target = folder / _FILES / path, out / path
        if not os.path.lexists(staged):
            continue
        _check_way(out, path, staged)
        target.parent.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(target) and path not in replaced:
            raise WorkbenchError(
                f"{target} appeared in the meantime; it was not touched, and {staged} was left beside it"
            )
        os.replace(staged, target)
    sync_folder(out)
    (folder / _COMMIT).unlink()
    shutil.rmtree(folder, ignore_errors=True)


def _check_way(out: Path, path: str, staged: Path) -> None:
    """Refuse a target if one of its existing parent folders is not a real folder of `out`."""
    way = out
    for part in PurePosixPath(path).parent.parts:
        way = way / part
        if way.is_symlink() or (way.exists() and not way.is_dir()):
            raise WorkbenchError(f"{way} leads out of {out}; {staged} was left where it is")


def _leaves(folder: Path) -> Iterator[Path]:
    for where, _, names in os.walk(folder):
        yield from (Path(where) / name for name in names)


def _escaped(name: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)
