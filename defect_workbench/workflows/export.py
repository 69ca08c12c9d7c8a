"""Write a project as a result folder, find out what would be written, or undo what was."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from defect_workbench.core.errors import InputError, Remedy, WorkbenchError
from defect_workbench.core.progress import Reporter
from defect_workbench.core.project.project_state import Project
from defect_workbench.engine.input.thumbnail import thumbnail
from defect_workbench.storage.files.atomic import replacing
from defect_workbench.storage.files.staging import recover
from defect_workbench.storage.result.export_options import ExportOptions, Mode
from defect_workbench.storage.result.manifest import MoreColumns
from defect_workbench.storage.result.receipt import UndoResult, read_receipt, undo_export
from defect_workbench.storage.result.result_folder import Plan, check_target, plan_export
from defect_workbench.storage.result.result_folder import export as write_result
from defect_workbench.workflows.run_info import report_facts, report_tables


@dataclass(frozen=True)
class ExportRequest:
    """What to export, and where.

    Attributes
    ----------
    add : bool
        Add to an earlier export; the profile is then that of the earlier one.
    """

    out: Path
    mode: Mode = Mode.COPY
    profile: ExportOptions = field(default_factory=ExportOptions)
    add: bool = False


def check_out(out: Path, *, add: bool = False, store: Path | None = None) -> None:
    """Refuse a result folder early, before any work.

    Parameters
    ----------
    add : bool
        It is to hold an earlier export.
    store : Path, optional
        A feature store, which may not be in it.

    Raises
    ------
    WorkbenchError
        If it is not empty, holds no export to add to, or cannot be written.
    """
    if add:
        if out.is_dir():
            recover(out)
        read_receipt(out)
    else:
        check_target(out)
    if store is not None and Path(os.path.realpath(store)).is_relative_to(os.path.realpath(out)):
        raise InputError(f"the feature store {store} lies in the result folder {out}", Remedy.OTHER_STORE)
    there = Path(os.path.abspath(out))
    while not os.path.lexists(there):
        there = there.parent
    if not os.path.isdir(there) or not os.access(there, os.W_OK | os.X_OK):
        raise WorkbenchError(f"{out} cannot be made: {there} is not writable")


def plan(project: Project, request: ExportRequest) -> Plan:
    """What an export would write.

    Raises
    ------
    WorkbenchError
        If it is not possible; see `storage.result.result_folder.plan_export`.
    """
    return plan_export(project, request.out, request.profile, add=request.add)


def export(
    project: Project,
    request: ExportRequest,
    reporter: Reporter,
    *,
    facts: Mapping[str, str] | None = None,
    columns: MoreColumns | None = None,
) -> Plan:
    """Write labelled folders, manifest, session and reports.

    Parameters
    ----------
    facts : mapping of str to str, optional
        What the report lists besides.
    columns : MoreColumns, optional
        Of the manifest.

    Raises
    ------
    WorkbenchError
        If it cannot be written; then nothing is.
    Cancelled
        If the reporter says so; then nothing is written.
    """
    return write_result(
        project,
        request.out,
        request.mode,
        {**report_facts(project), **(facts or {})},
        thumbnail,
        reporter,
        profile=request.profile,
        tables=report_tables(project),
        columns=columns,
        add=request.add,
    )


def undo(out: Path, reporter: Reporter, *, dry_run: bool = False) -> UndoResult:
    """Remove what exports wrote into a folder, except what was changed since.

    Raises
    ------
    WorkbenchError
        If the folder is no export, or something cannot be removed.
    """
    return undo_export(out, reporter, dry_run=dry_run)


def save_dendrogram(project: Project, path: Path) -> None:
    """Write the dendrogram as SVG, or as PNG where the file name ends in .png.

    Raises
    ------
    WorkbenchError
        If there is no dendrogram, or the file cannot be written.
    """
    from defect_workbench.storage.report.figures import dendrogram_file

    tree = project.analysis.tree
    if tree is None or tree.leaves < 2:
        raise InputError("there is no dendrogram to save")
    kind: Literal["png", "svg"] = "png" if path.suffix.lower() == ".png" else "svg"
    try:
        with replacing(path) as draft:
            title = f"{len(project.images):,} images"
            draft.write_bytes(dendrogram_file(tree, project.clusters, title, kind))
    except OSError as error:
        raise WorkbenchError(f"{path} cannot be written: {error.strerror}") from error
