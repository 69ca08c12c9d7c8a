"""A folder that is filled whole or not at all, also where the process is killed.

A folder that is not there yet is made beside its place and renamed. One that is there gets its files from
a stage inside it: once the stage says it is complete, moving them is finished by whoever comes next.

    DIR/.defect-workbench-stage/lock          held while the stage is being filled
    DIR/.defect-workbench-stage/files/...     what will be moved
    DIR/.defect-workbench-stage/commit.json   written last: from here on the move is finished, never undone
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

from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.files import is_inside
from defect_workbench.storage.atomic import sync_folder, write_text

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
        Whether `out` is there already.
    """

    files: Path
    out: Path
    inside: bool

    def publish(self, replaced: Sequence[str] = (), last: Sequence[str] = ()) -> None:
        """Move everything to its place.

        Parameters
        ----------
        replaced : sequence of str
            Files that may be there already and are replaced; no other file ever is.
        last : sequence of str
            Files that are moved after all others, in this order.
        """
        if not self.inside:
            os.rename(self.files, self.out)
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
    """A stage for a folder that is absent, empty or to be added to; nothing is left of it afterwards.

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
        folder = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}-", suffix=".part"))
    lock = FileLock(folder / _LOCK, timeout=0)
    try:
        lock.acquire()
        files = folder / _FILES
        files.mkdir()
        yield Stage(files, out, inside)
    finally:
        # A stage that is complete is not thrown away, even where moving it failed half-way.
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
    """Finish what a killed process had completed in its stage, and throw away what it had not.

    Raises
    ------
    WorkbenchError
        If the other process is still at it.
    """
    folder = out / STAGE
    if folder.is_dir() and not folder.is_symlink():
        with _alone(folder, out):
            if (folder / _COMMIT).exists():
                _apply(folder, out)
        shutil.rmtree(folder, ignore_errors=True)
    for old in out.parent.glob(f".{_escaped(out.name)}-*.part"):
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
    """Move staged files; what is moved already is passed over."""
    try:
        plan = json.loads((folder / _COMMIT).read_text(encoding="utf-8"))
        order = [str(path) for path in plan["order"]]
        replaced = {str(path) for path in plan["replaced"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WorkbenchError(f"the unfinished export in {folder} is damaged; it was left as it is") from error
    for path in order:
        staged, target = folder / _FILES / path, out / path
        if not is_inside(path):
            raise WorkbenchError(f"the unfinished export in {folder} is damaged; it was left as it is")
        if not os.path.lexists(staged):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        inside = os.path.join(os.path.realpath(out), *PurePosixPath(path).parent.parts)
        if os.path.realpath(target.parent) != inside:
            raise WorkbenchError(f"{target.parent} leads out of {out}; {staged} was left where it is")
        if os.path.lexists(target) and path not in replaced:
            raise WorkbenchError(f"{target} appeared meanwhile; it was left as it is, and {staged} beside it")
        os.replace(staged, target)
    sync_folder(out)
    (folder / _COMMIT).unlink()
    shutil.rmtree(folder, ignore_errors=True)


def _leaves(folder: Path) -> Iterator[Path]:
    for where, _, names in os.walk(folder):
        yield from (Path(where) / name for name in names)


def _escaped(name: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)
