"""Write a result folder or slides, plan a folder without writing it, or undo what was written."""

from __future__ import annotations

import datetime
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from defect_workbench.core.clustering.clustering_result import Analysis
from defect_workbench.core.errors import InputError, Remedy, WorkbenchError
from defect_workbench.core.images.defect_items import Items
from defect_workbench.core.progress import Reporter
from defect_workbench.core.project.class_library import ClassLibrary
from defect_workbench.core.project.palette import branch_colours, node_colours
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.text import counted
from defect_workbench.core.wafer.placement import PlacementFinding
from defect_workbench.engine.input.thumbnail import thumbnail
from defect_workbench.storage.files.atomic import replacing
from defect_workbench.storage.files.publishing import publish
from defect_workbench.storage.files.staging import recover
from defect_workbench.storage.report.project_report import ReportInputs
from defect_workbench.storage.result.append import check_same_items, read_earlier
from defect_workbench.storage.result.export_options import ExportOptions, Mode
from defect_workbench.storage.result.image_placing import check_mode
from defect_workbench.storage.result.manifest import MoreColumns
from defect_workbench.storage.result.receipt import UndoResult, read_receipt, undo_export
from defect_workbench.storage.result.result_folder import Plan, check_target, plan_export, session_of
from defect_workbench.storage.result.result_folder import export as write_result
from defect_workbench.storage.session.session_file import load_session
from defect_workbench.workflows.fab.report_pareto import pareto_slides, report_pareto
from defect_workbench.workflows.run_info import report_facts, report_tables
from defect_workbench.workflows.wafer.placement_tables import placement_tables


@dataclass(frozen=True)
class ExportRequest:
    """What to export, and where.

    Attributes
    ----------
    add : bool
        Add to an earlier export, with its options instead of `options`.
    maps : bool
        Also write the defect maps, if there are any.
    classes : ClassLibrary
        Where the report finds the definitions of named clusters.
    """

    out: Path
    mode: Mode = Mode.COPY
    options: ExportOptions = field(default_factory=ExportOptions)
    add: bool = False
    maps: bool = False
    classes: ClassLibrary = field(default_factory=ClassLibrary)


def check_out(out: Path, *, add: bool = False, store: Path | None = None) -> None:
    """Check, before the work, that a result folder can be written.

    Parameters
    ----------
    add : bool
        The folder must contain an earlier export.
    store : Path, optional
        A feature store, which must not be inside the folder.

    Raises
    ------
    WorkbenchError
        If the folder is not empty, contains no export to add to, or cannot be written.
    """
    if add:
        if out.is_dir():
            recover(out)
        read_receipt(out)
    else:
        check_target(out)
    if store is not None and Path(os.path.realpath(store)).is_relative_to(os.path.realpath(out)):
        raise InputError(f"the feature store {store} is inside the result folder {out}", Remedy.OTHER_STORE)
    existing = Path(os.path.abspath(out))
    while not os.path.lexists(existing):
        existing = existing.parent
    if not os.path.isdir(existing) or not os.access(existing, os.W_OK | os.X_OK):
        raise WorkbenchError(f"{out} cannot be created: {existing} is not a writable folder")


def check_items_of_result(out: Path, items: Items) -> None:
    """Check, before the work, that an earlier export is of the same items as what is to be added.

    Raises
    ------
    InputError
        If single defects would be mixed with whole images, or the manifest cannot be read.
    """
    check_same_items(out, read_earlier(out), items)


def analysis_of_result(out: Path) -> Analysis | None:
    """Return the analysis of the session that the last export to a folder wrote.

    None if the session was deleted or cannot be read.
    """
    try:
        return load_session(session_of(out)).analysis
    except WorkbenchError:
        return None


def plan(project: Project, request: ExportRequest) -> Plan:
    """Return what an export would write.

    Raises
    ------
    WorkbenchError
        If the export is not possible; see `storage.result.result_folder.plan_export`.
    """
    check_mode(project.images, request.mode)
    return plan_export(project, request.out, request.options, add=request.add)


def export(
    project: Project,
    request: ExportRequest,
    reporter: Reporter,
    *,
    facts: Mapping[str, str] | None = None,
    columns: MoreColumns | None = None,
    placement: Sequence[PlacementFinding] | None = None,
) -> Plan:
    """Write labelled folders, manifest, session and reports.

    Parameters
    ----------
    facts : mapping of str to str, optional
        Extra entries for the list of facts in the report.
    columns : MoreColumns, optional
        Extra columns of the manifest.
    placement : sequence of PlacementFinding, optional
        How clusters lie on the wafers, if it was computed before.

    Raises
    ------
    WorkbenchError
        If a file cannot be written; then none is.
    Cancelled
        If the user cancels; then nothing is written.
    """
    from defect_workbench.engine.items.item_pictures import item_picture

    return write_result(
        project,
        request.out,
        request.mode,
        ReportInputs(
            {**report_facts(project), **(facts or {})},
            thumbnail,
            (
                *placement_tables(project, reporter, placement),
                *report_pareto(project),
                *report_tables(project),
            ),
            request.classes,
        ),
        reporter,
        profile=request.options,
        columns=columns,
        add=request.add,
        maps=request.maps,
        item_picture=item_picture,
    )


def undo(out: Path, reporter: Reporter, *, dry_run: bool = False) -> UndoResult:
    """Remove what exports wrote to a folder, except files that were changed since.

    Raises
    ------
    WorkbenchError
        If the folder is not an export, or a file cannot be removed.
    """
    return undo_export(out, reporter, dry_run=dry_run)


def save_dendrogram(project: Project, path: Path) -> None:
    """Write the dendrogram as SVG, or as PNG if the file name ends in .png.

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
            title = counted(len(project.images), project.images.noun)
            branches = branch_colours(tree, project.clusters, project.partition, node_colours(tree))
            draft.write_bytes(dendrogram_file(tree, project.clusters, title, kind, branches))
    except OSError as error:
        raise WorkbenchError(f"{path} cannot be written: {error.strerror}") from error


@dataclass(frozen=True)
class SlidesRequest:
    """Slides to write.

    Attributes
    ----------
    file : Path
        Its name ends in .pptx.
    exported_on : datetime.date
        The date that they show; by default today's.
    replace : bool
        Whether an existing file may be replaced.
    classes : ClassLibrary
        Where the definitions of named clusters are.
    """

    file: Path
    exported_on: datetime.date = field(default_factory=lambda: datetime.datetime.now().astimezone().date())
    replace: bool = False
    classes: ClassLibrary = field(default_factory=ClassLibrary)


def check_slides(request: SlidesRequest) -> None:
    """Check, before the work, that the slides can be written.

    Raises
    ------
    InputError
        If the file exists and may not be replaced, or cannot be created.
    """
    file = request.file
    if file.suffix.lower() != ".pptx":
        raise InputError(f"{file} is not the name of a PowerPoint file; let it end in .pptx")
    if not file.parent.is_dir():
        raise InputError(f"{file} cannot be written: there is no folder {file.parent}")
    if os.path.lexists(file) and not (request.replace and file.is_file()):
        raise InputError(f"{file} already exists, so nothing was written; name a new file")
    if not os.access(file.parent, os.W_OK | os.X_OK):
        raise InputError(f"{file} cannot be written: {file.parent} is not a writable folder")


def export_slides(project: Project, request: SlidesRequest, reporter: Reporter) -> int:
    """Write slides: a title, the images per cluster, a slide per cluster, the outliers.

    Returns
    -------
    int
        The number of images that no longer exist; the slides say so in their place.

    Raises
    ------
    InputError
        If the file cannot be written; see `check_slides`.
    WorkbenchError
        If no image exists any more, or writing failed; then nothing is written.
    Cancelled
        If the user cancels; then nothing is written.
    """
    check_slides(request)
    images, missing = project.images, 0
    reporter.stage("Looking for the images", None)
    for number in range(len(images)):
        reporter.check()
        missing += not images.file(number).is_file()
    if missing == len(images):
        raise WorkbenchError(f"none of the images are in {images.root} any more", Remedy.FIND_IMAGES)
    from defect_workbench.storage.report.slides.slide_deck import slides_file

    data = slides_file(
        project, request.exported_on, thumbnail, reporter, request.classes, pareto_slides(project)
    )
    reporter.check()
    publish(request.file, {request.file: data}, replace=request.replace)
    return missing
