"""Writing of the result folder: labelled images, tables, session and report; all or nothing."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from defect_workbench.core.errors import InputError, Remedy, WorkbenchError
from defect_workbench.core.images.defect_items import Items
from defect_workbench.core.progress import Reporter
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.result_files import (
    COUNTS,
    ITEMS,
    MANIFEST,
    MEASUREMENTS,
    RECEIPT,
    REJECTED,
    SESSION,
    SIDE_DATA,
    of_run,
)
from defect_workbench.core.safe_reading import why_not_written
from defect_workbench.core.text import and_more
from defect_workbench.storage.files.atomic import write_text
from defect_workbench.storage.files.staging import has_only_leftovers, staging
from defect_workbench.storage.report.measurement_table import measured, measurements_text
from defect_workbench.storage.report.project_report import ReportInputs, write_reports
from defect_workbench.storage.result.annotations import annotation_files, annotations_of
from defect_workbench.storage.result.append import (
    Earlier,
    check_same_items,
    new_rows,
    read_earlier,
    without_collisions,
)
from defect_workbench.storage.result.export_options import ExportOptions, Layout, Mode, lay_out
from defect_workbench.storage.result.image_placing import ItemPicture, check_mode, place_images
from defect_workbench.storage.result.item_tables import (
    clean_before,
    counts_text,
    items_text,
    not_counted_yet,
)
from defect_workbench.storage.result.manifest import (
    MoreColumns,
    Row,
    file_name_of,
    longer_manifest_text,
    manifest_text,
    rejected_text,
    rows,
)
from defect_workbench.storage.result.map_pictures import write_maps
from defect_workbench.storage.result.receipt import Receipt, changed_files, describe, read_receipt
from defect_workbench.storage.result.reserved_names import annotation_names
from defect_workbench.storage.session.session_file import save_session
from defect_workbench.storage.session.table_reader import side_text

__all__ = ["ExportOptions", "Mode", "Plan", "check_target", "export", "plan_export", "session_of"]


@dataclass(frozen=True)
class Plan:
    """The content of an export, before it is written.

    Attributes
    ----------
    manifest : tuple of Row
        Rows of the images; when adding to an earlier export, only of the new ones.
    folders : mapping of str to int
        Number of images in each folder.
    total_bytes : int
        Current size of the images.
    missing : tuple of str
        Images that no longer exist.
    collisions : tuple of (str, str)
        Images that get another name because theirs is taken, with their new path.
    already : tuple of str
        Images whose content is already in the earlier export; they are not added again.
    notes : tuple of str
        Remarks for the user.
    """

    out: Path
    manifest: tuple[Row, ...]
    folders: Mapping[str, int]
    total_bytes: int
    missing: tuple[str, ...]
    collisions: tuple[tuple[str, str], ...] = ()
    already: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def check_target(out: Path) -> None:
    """Reject a folder that is not empty.

    Raises
    ------
    InputError
        If `out` exists and is not an empty folder.
    """
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise InputError(f"{out} exists and is not a folder", Remedy.OTHER_FOLDER)
    try:
        if out.is_dir() and any(out.iterdir()) and not has_only_leftovers(out):
            raise InputError(f"{out} is not empty, so nothing was written", Remedy.OTHER_FOLDER)
    except PermissionError as error:
        raise InputError(f"{out} cannot be read: {error.strerror}") from error


def plan_export(
    project: Project, out: Path, profile: ExportOptions | None = None, *, add: bool = False
) -> Plan:
    """Return what would be written, without writing anything.

    Parameters
    ----------
    profile : ExportOptions, optional
        Default: all clusters, not split. Ignored with `add`, as the earlier options apply.
    add : bool
        Add to an earlier export in `out`.

    Raises
    ------
    InputError
        If `out` is not empty, or, with `add`, is not an intact earlier export.
    """
    if add:
        return _plan_addition(project, out)[0]
    check_target(out)
    return _plan(project, out, lay_out(project, rows(project), profile or ExportOptions()))


def _plan(project: Project, out: Path, layout: Layout, already: Sequence[str] = ()) -> Plan:
    folders: dict[str, int] = {}
    total, missing, collisions = 0, [], []
    records = {image.path: image for image in project.images.images}
    for row in layout.rows:
        if not row.exported_as:
            continue
        record = records[row.path]
        folder, _, name = row.exported_as.rpartition("/")
        folders[folder] = folders.get(folder, 0) + 1
        if name != file_name_of(record):
            collisions.append((row.path, row.exported_as))
        try:
            size = (project.images.root / record.file).stat().st_size
            # A part of an image has about as many bytes as pixels.
            total += size if record.is_whole_file else record.width * record.height
        except OSError:
            missing.append(row.path)
    return Plan(
        out,
        layout.rows,
        dict(sorted(folders.items())),
        total,
        tuple(missing),
        tuple(collisions),
        tuple(already),
        layout.notes,
    )


def _plan_addition(project: Project, out: Path) -> tuple[Plan, Layout, Receipt, Earlier]:
    receipt, earlier = read_receipt(out), read_earlier(out)
    check_same_items(out, earlier, Items.DEFECTS if project.images.are_defects else Items.PICTURES)
    everything = lay_out(project, rows(project), ExportOptions(confirmed=receipt.profile.confirmed))
    added, already = new_rows(project, everything.rows, earlier)
    unsplit = ExportOptions(split=receipt.profile.split)
    placed = lay_out_some(project, added, unsplit, receipt.groups)
    layout = Layout(
        tuple(without_collisions(placed.rows, out)), placed.groups, (*everything.notes, *placed.notes)
    )
    return _plan(project, out, layout, already), layout, receipt, earlier


def lay_out_some(
    project: Project, some: Sequence[Row], profile: ExportOptions, known: Mapping[str, str]
) -> Layout:
    """Do the same as `lay_out` for some of the images."""
    if profile.split is None or not some:
        return Layout(tuple(some), dict(known), ())
    by_path = {row.path: row for row in some}
    all_rows = [by_path.get(row.path, replace(row, exported_as="")) for row in rows(project)]
    layout = lay_out(project, all_rows, profile, known)
    kept = tuple(row for row in layout.rows if row.path in by_path)
    return Layout(kept, {**known, **layout.groups}, layout.notes)


def export(
    project: Project,
    out: Path,
    mode: Mode,
    report: ReportInputs,
    reporter: Reporter,
    *,
    profile: ExportOptions | None = None,
    add: bool = False,
    columns: MoreColumns | None = None,
    maps: bool = False,
    item_picture: ItemPicture | None = None,
) -> Plan:
    """Write a result folder, or add to one.

    All files are completed in a staging folder and then moved, so that after an error, a cancellation or a
    kill there is either nothing or everything.

    Parameters
    ----------
    add : bool
        Add new images to an unchanged earlier export, with its options.
    columns : MoreColumns, optional
        Additional columns in the manifest of a new export.
    maps : bool
        Also write the defect maps, if there are any.
    item_picture : callable, optional
        Cuts out single defects and pages; required if the images are such.

    Raises
    ------
    InputError
        If `out` is not empty, or, with `add`, is not an export or was changed, or single defects would have
        to be linked to.
    WorkbenchError
        If a file cannot be read or written; the message names it.
    Cancelled
        If the user cancels.
    """
    check_mode(project.images, mode)
    out = Path(os.path.abspath(out))
    earlier, known = None, None
    if add:
        plan, layout, known, earlier = _plan_addition(project, out)
        changed = changed_files(out, known, reporter)
        if changed:
            raise InputError(
                f"{out} was changed since its export ({and_more(changed, 1)}); nothing was added"
            )
        profile = known.profile
        if not plan.manifest:
            return plan
    else:
        profile = profile or ExportOptions()
        check_target(out)
        layout = lay_out(project, rows(project), profile)
        plan = _plan(project, out, layout)
    if plan.missing:
        raise WorkbenchError(f"{and_more(plan.missing, 1)} can no longer be read; nothing was written")
    runs = known.runs + 1 if known else 1
    try:
        with staging(out) as stage:
            placed = place_images(stage.files, project.images, plan.manifest, mode, item_picture, reporter)
            texts = _texts(project, layout, profile, earlier, out if add else None, runs, columns)
            for name, text in texts.items():
                write_text(stage.files / name, text)
            if maps:
                write_maps(stage.files, project, [row.path for row in layout.rows], reporter)
            write_reports(stage.files, runs, project, report, reporter)
            save_session(stage.files / of_run(SESSION, runs), project)
            written = describe(stage.files, _files_below(stage.files), placed)
            receipt = Receipt(
                {**(known.files if known else {}), **written},
                known.made_folder if known else not stage.inside,
                profile,
                mode,
                runs,
                layout.groups,
            )
            write_text(stage.files / RECEIPT, receipt.text())
            reporter.check()
            # The manifest is moved last, so that every file it lists exists.
            stage.publish(
                replaced=(MANIFEST, RECEIPT, *annotation_names()) if add else (),
                last=(RECEIPT, MANIFEST),
            )
    except OSError as error:
        raise _explained(error, out, mode) from error
    except WorkbenchError as error:
        if isinstance(error.__cause__, OSError):
            raise _explained(error.__cause__, out, mode) from error
        raise
    return plan


def session_of(out: Path) -> Path:
    """Return the session that the last export to a folder wrote."""
    return out / of_run(SESSION, read_receipt(out).runs)


def _files_below(folder: Path) -> list[str]:
    files = (Path(parent) / name for parent, _, names in os.walk(folder) for name in names)
    return sorted(path.relative_to(folder).as_posix() for path in files)


def _texts(
    project: Project,
    layout: Layout,
    profile: ExportOptions,
    earlier: Earlier | None,
    out: Path | None,
    runs: int,
    columns: MoreColumns | None = None,
) -> dict[str, str]:
    """Return the content of the tables, by file name."""
    images = {image.path: image for image in project.images.images}
    texts = {
        MANIFEST: longer_manifest_text(earlier.columns, earlier.lines, layout.rows)
        if earlier
        else manifest_text(layout.rows, columns),
        of_run(REJECTED, runs): rejected_text(project.images.rejected),
    }
    try:
        texts |= annotation_files(annotations_of(layout.rows, images), profile.formats, out)
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"the annotation files in {out} cannot be read; nothing was added") from error
    if project.images.are_defects:
        searched = project.images.searched
        if out is not None:
            searched = not_counted_yet(layout.rows, images, searched, clean_before(out, runs - 1))
        texts[of_run(COUNTS, runs)] = counts_text(layout.rows, images, searched)
    if project.images.are_defects or project.inspection is not None:
        texts[of_run(ITEMS, runs)] = items_text(layout.rows, project.images.images, project.inspection)
    if measured(project.images.images):
        texts[of_run(MEASUREMENTS, runs)] = measurements_text(project.images.images)
    if project.side is not None:
        labels = [row.label for row in rows(project)]
        texts[of_run(SIDE_DATA, runs)] = side_text(project.side, project.images, labels)
    return texts


def _explained(error: OSError, out: Path, mode: Mode) -> WorkbenchError:
    if mode is Mode.HARDLINK and error.errno in (errno.EXDEV, errno.EPERM, errno.ENOTSUP):
        return WorkbenchError(
            f"hard links are not possible in {out} (it is on another disk, or links are not allowed)",
            Remedy.COPY_MODE,
        )
    if mode is Mode.SYMLINK and error.errno in (errno.EPERM, errno.ENOTSUP):
        return WorkbenchError(f"symbolic links are not possible in {out}", Remedy.COPY_MODE)
    where = f" ({error.filename})" if error.filename else ""
    return WorkbenchError(f"{why_not_written(error)}; nothing was written to {out}{where}")
