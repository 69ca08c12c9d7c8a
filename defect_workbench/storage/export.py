"""The result folder: labelled images, tables, session and report; whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from defect_workbench.core.errors import InputError, WorkbenchError
from defect_workbench.core.progress import Reporter
from defect_workbench.core.project import Project
from defect_workbench.storage.atomic import sync_folder, write_text
from defect_workbench.storage.manifest import Row, manifest_text, rejected_text, rows
from defect_workbench.storage.report import Thumbnail, report_html
from defect_workbench.storage.session import save_session


class Mode(StrEnum):
    """How images get into the result folder."""

    COPY = "copy"
    HARDLINK = "hardlink"
    SYMLINK = "symlink"


@dataclass(frozen=True)
class Plan:
    """What an export would write.

    Attributes
    ----------
    folders : mapping of str to int
        Images in each folder.
    total_bytes : int
        Of the images, as they are now.
    missing : tuple of str
        Images that are no longer there.
    """

    out: Path
    manifest: tuple[Row, ...]
    folders: Mapping[str, int]
    total_bytes: int
    missing: tuple[str, ...]


def check_target(out: Path) -> None:
    """Refuse a folder that holds anything.

    Raises
    ------
    InputError
        If `out` is there and is not an empty folder.
    """
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise InputError(f"{out} exists and is not a folder; name a new one")
    try:
        if out.is_dir() and any(out.iterdir()):
            raise InputError(f"{out} is not empty; nothing was written. Name a new folder")
    except PermissionError as error:
        raise InputError(f"{out} cannot be read: {error.strerror}") from error


def plan_export(project: Project, out: Path) -> Plan:
    """What would be written, without writing anything.

    Raises
    ------
    InputError
        If `out` holds anything.
    """
    check_target(out)
    manifest = rows(project)
    folders: dict[str, int] = {}
    total, missing = 0, []
    for row in manifest:
        label = row.exported_as.split("/", 1)[0]
        folders[label] = folders.get(label, 0) + 1
        try:
            total += (project.images.root / row.path).stat().st_size
        except OSError:
            missing.append(row.path)
    return Plan(out, tuple(manifest), dict(sorted(folders.items())), total, tuple(missing))


def export(
    project: Project,
    out: Path,
    mode: Mode,
    facts: Mapping[str, str],
    thumbnail: Thumbnail,
    reporter: Reporter,
) -> Plan:
    """Write the result folder.

    Everything is first written beside its place and then moved there in one step; after an error or
    a cancel nothing is left.

    Raises
    ------
    InputError
        If `out` holds anything.
    WorkbenchError
        If something cannot be read or written; the message says what.
    Cancelled
        If the reporter says so.
    """
    plan = plan_export(project, out)
    if plan.missing:
        more = f" and {len(plan.missing) - 1} more" if len(plan.missing) > 1 else ""
        raise WorkbenchError(f"{plan.missing[0]}{more} can no longer be read; nothing was written")
    out = Path(os.path.abspath(out))
    there = out.is_dir()
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        # An empty folder that is already there is kept, with its rights; it is filled from inside.
        parent = out if there else out.parent
        with tempfile.TemporaryDirectory(dir=parent, prefix=f".{out.name}-", suffix=".part") as temporary:
            draft = Path(temporary) / "result"
            draft.mkdir()
            _fill(draft, project, plan.manifest, mode, facts, thumbnail, reporter)
            reporter.check()
            _move(draft, out, there)
        sync_folder(out.parent)
    except OSError as error:
        raise WorkbenchError(_explain(error, out, mode)) from error
    return plan


def _fill(
    draft: Path,
    project: Project,
    manifest: Sequence[Row],
    mode: Mode,
    facts: Mapping[str, str],
    thumbnail: Thumbnail,
    reporter: Reporter,
) -> None:
    place: Callable[[Path, Path, Row], None] = {
        Mode.COPY: _copy,
        Mode.HARDLINK: _hardlink,
        Mode.SYMLINK: _symlink,
    }[mode]
    for label in sorted({row.exported_as.split("/", 1)[0] for row in manifest}):
        (draft / label).mkdir()
    reporter.stage("Writing images", len(manifest))
    root = Path(os.path.abspath(project.images.root))
    for row in manifest:
        reporter.check()
        place(root / row.path, draft / row.exported_as, row)
        reporter.advance()
    write_text(draft / "rejected.csv", rejected_text(project.images.rejected))
    write_text(draft / "report.html", report_html(project, manifest, facts, thumbnail, reporter))
    save_session(draft / "session.dwb", project)
    write_text(draft / "manifest.csv", manifest_text(manifest))


def _copy(source: Path, target: Path, row: Row) -> None:
    digest = hashlib.sha256()
    with source.open("rb") as reading, target.open("xb") as writing:
        while chunk := reading.read(1 << 20):
            digest.update(chunk)
            writing.write(chunk)
    if digest.hexdigest() != row.sha256:
        raise WorkbenchError(
            f"{row.path} changed after it was read; open the folder again. Nothing was written"
        )
    shutil.copystat(source, target)


def _hardlink(source: Path, target: Path, row: Row) -> None:
    os.link(os.path.realpath(source), target)


def _symlink(source: Path, target: Path, row: Row) -> None:
    os.symlink(source, target)


def _move(draft: Path, out: Path, there: bool) -> None:
    if not there:
        os.rename(draft, out)
        return
    # The manifest goes last: where it is, the result is whole.
    for item in sorted(draft.iterdir(), key=lambda path: path.name == "manifest.csv"):
        os.rename(item, out / item.name)


def _explain(error: OSError, out: Path, mode: Mode) -> str:
    if error.errno == errno.ENOSPC:
        return f"the disk is full; nothing was written to {out}"
    if mode is Mode.HARDLINK and error.errno in (errno.EXDEV, errno.EPERM, errno.ENOTSUP):
        return f"hard links to {out} are not possible (another disk, or not allowed there); use --mode copy"
    if mode is Mode.SYMLINK and error.errno in (errno.EPERM, errno.ENOTSUP):
        return f"symbolic links are not possible in {out}; use --mode copy"
    where = error.filename or out
    return f"nothing was written to {out}: {error.strerror or error} ({where})"
