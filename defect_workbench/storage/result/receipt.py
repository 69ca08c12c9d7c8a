"""The receipt: a record of the files that exports wrote, for adding to them and undoing them."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from defect_workbench import __version__
from defect_workbench.core.errors import InputError, WorkbenchError
from defect_workbench.core.progress import Reporter
from defect_workbench.core.project.splits import SPLITS
from defect_workbench.core.result_files import RECEIPT
from defect_workbench.core.safe_reading import file_digest, is_inside, open_regular
from defect_workbench.storage.files.atomic import sync_path, write_text
from defect_workbench.storage.files.staging import recover
from defect_workbench.storage.result.export_options import ExportOptions, Mode

FORMAT = 1


@dataclass(frozen=True)
class Written:
    """A file written by an export: its size and SHA-256, or its link target."""

    size: int
    sha256: str
    link: str = ""


@dataclass(frozen=True)
class Receipt:
    """Everything that exports wrote to a folder.

    Attributes
    ----------
    files : mapping of str to Written
        Files by path relative to the folder, with '/' as separator, without the receipt itself.
    made_folder : bool
        Whether the export created the folder.
    runs : int
        Number of exports into the folder: 1 plus the number of additions.
    groups : mapping of str to str
        The set of each lot or folder.
    """

    files: Mapping[str, Written]
    made_folder: bool
    profile: ExportOptions = field(default_factory=ExportOptions)
    mode: Mode = Mode.COPY
    runs: int = 1
    groups: Mapping[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """Return the content of the file."""
        files = {
            path: {"link": w.link} if w.link else {"size": w.size, "sha256": w.sha256}
            for path, w in sorted(self.files.items())
        }
        state = {
            "format": FORMAT,
            "program": f"defect-workbench {__version__}",
            "made_folder": self.made_folder,
            "mode": self.mode,
            "profile": self.profile.as_json(),
            "runs": self.runs,
            "groups": dict(self.groups),
            "files": files,
        }
        return json.dumps(state, indent=1, ensure_ascii=False) + "\n"


def read_receipt(out: Path) -> Receipt:
    """Return the receipt of a result folder.

    Raises
    ------
    InputError
        If it does not exist, or it is damaged, of a newer version, or names files outside the folder.
    """
    path = out / RECEIPT
    try:
        with open_regular(path) as stream:
            state: dict[str, Any] = json.loads(stream.read())
        version = int(state["format"])
        if version > FORMAT:
            raise InputError(f"{path} was written by a newer version (format {version}); update the program")
        files = {}
        for name, entry in state["files"].items():
            if not is_inside(name) or name == RECEIPT:
                raise InputError(f"{path} names a file outside its folder ({name[:80]!r}); nothing was done")
            files[name] = Written(
                int(entry.get("size", 0)), str(entry.get("sha256", "")), str(entry.get("link", ""))
            )
        groups = {str(lot): str(name) for lot, name in state["groups"].items()}
        if not set(groups.values()) <= set(SPLITS):
            raise ValueError("a set has an unknown name")
        profile = ExportOptions.of_json(state["profile"])
        return Receipt(
            files, bool(state["made_folder"]), profile, Mode(state["mode"]), int(state["runs"]), groups
        )
    except InputError:
        raise
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(f"{out} is not an export of this program: it has no {RECEIPT}") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"{path} is damaged; nothing was done") from error


def describe(folder: Path, paths: Iterable[str], known: Mapping[str, str]) -> dict[str, Written]:
    """Return a record of each file, by path; known hashes are not computed again."""
    result = {}
    for path in paths:
        file = folder / path
        if file.is_symlink():
            result[path] = Written(0, "", os.readlink(file))
        else:
            result[path] = Written(file.stat().st_size, known.get(path) or file_digest(file))
    return result


def is_unchanged(out: Path, path: str, written: Written, *, deep: bool = True) -> bool:
    """Whether a file is unchanged since it was written; `deep` compares the content, not just the size."""
    file = out / path
    try:
        # A folder may have been replaced by a link to one outside the result folder.
        if os.path.realpath(file.parent) != os.path.join(
            os.path.realpath(out), *PurePosixPath(path).parent.parts
        ):
            return False
        status = file.lstat()
        if written.link:
            return stat.S_ISLNK(status.st_mode) and os.readlink(file) == written.link
        if not stat.S_ISREG(status.st_mode) or status.st_size != written.size:
            return False
        return not deep or file_digest(file) == written.sha256
    except OSError:
        return False


def changed_files(out: Path, receipt: Receipt, reporter: Reporter, *, deep: bool = True) -> list[str]:
    """Return the files that have been changed or deleted since they were written."""
    reporter.stage("Checking the earlier export", len(receipt.files))
    changed = []
    for path, written in receipt.files.items():
        reporter.check()
        if not is_unchanged(out, path, written, deep=deep):
            changed.append(path)
        reporter.advance()
    return changed


@dataclass(frozen=True)
class UndoResult:
    """The files that undoing an export removed and kept, or would remove and keep.

    Attributes
    ----------
    removed : tuple of str
    changed : tuple of str
        Files that have been changed since; they are kept.
    missing : tuple of str
        Files that no longer existed.
    foreign : tuple of str
        Files that the export did not write; they are kept.
    total_bytes : int
        Size of the removed files.
    """

    removed: tuple[str, ...]
    changed: tuple[str, ...]
    missing: tuple[str, ...]
    foreign: tuple[str, ...]
    total_bytes: int


def undo_export(out: Path, reporter: Reporter, *, dry_run: bool = False) -> UndoResult:
    """Remove the files that exports wrote to a folder and that are unchanged.

    Folders that become empty are removed as well. The original images are never touched.

    Raises
    ------
    InputError
        If the folder is not an export of this program.
    WorkbenchError
        If something cannot be removed.
    Cancelled
        If the user cancels; files removed by then stay removed.
    """
    if not dry_run:
        recover(out)
    receipt = read_receipt(out)
    missing = [path for path in receipt.files if not os.path.lexists(out / path)]
    changed = [path for path in changed_files(out, receipt, reporter) if path not in set(missing)]
    kept = {*missing, *changed}
    unchanged = [path for path in receipt.files if path not in kept]
    total = sum(receipt.files[path].size for path in unchanged)
    foreign = _foreign(out, receipt)
    result = UndoResult(tuple(unchanged), tuple(changed), tuple(missing), tuple(foreign), total)
    if dry_run:
        return result
    reporter.stage("Removing the export", len(unchanged))
    try:
        for path in unchanged:
            reporter.check()
            # Checked again, as the check of all files may have taken minutes.
            if is_unchanged(out, path, receipt.files[path], deep=False):
                (out / path).unlink()
            reporter.advance()
        folders = {str(parent) for path in receipt.files for parent in PurePosixPath(path).parents}
        for folder in sorted(folders - {"."}, key=len, reverse=True):
            _remove_if_empty(out / folder)
        if changed:
            rest = {path: receipt.files[path] for path in changed}
            write_text(out / RECEIPT, replace(receipt, files=rest).text())
        else:
            (out / RECEIPT).unlink()
            if receipt.made_folder:
                # If permissions do not allow it, the empty folder does no harm.
                with suppress(PermissionError):
                    _remove_if_empty(out)
        sync_path(out if out.is_dir() else out.parent)
    except OSError as error:
        raise WorkbenchError(
            f"{error.filename or out} cannot be removed: {error.strerror}; try again to continue"
        ) from error
    return result


def _foreign(out: Path, receipt: Receipt) -> list[str]:
    foreign = []
    for parent, folders, names in os.walk(out):
        links = [name for name in folders if os.path.islink(os.path.join(parent, name))]
        for name in [*names, *links]:
            path = (Path(parent) / name).relative_to(out).as_posix()
            if path not in receipt.files and path != RECEIPT:
                foreign.append(path)
    return sorted(foreign)


def _remove_if_empty(folder: Path) -> None:
    if folder.is_dir() and not folder.is_symlink() and not any(folder.iterdir()):
        folder.rmdir()
