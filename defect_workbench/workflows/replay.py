"""Repeat the whole job of a session from its folder, giving the same manifest."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from defect_workbench.core.errors import Remedy, WorkbenchError
from defect_workbench.core.images.image_records import ImageSet
from defect_workbench.core.progress import Reporter
from defect_workbench.core.project.folder_changes import differences
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.result_files import RECEIPT
from defect_workbench.core.text import counted
from defect_workbench.storage.result.export_options import ExportOptions, Mode, lay_out
from defect_workbench.storage.result.manifest import manifest_text, rows
from defect_workbench.storage.result.receipt import read_receipt
from defect_workbench.storage.result.result_folder import Plan
from defect_workbench.workflows.detection.describe_set import describe
from defect_workbench.workflows.export import ExportRequest, check_out, export
from defect_workbench.workflows.extract import FeatureOptions
from defect_workbench.workflows.klarf.image_listing import may_be_klarf
from defect_workbench.workflows.klarf.second_listing import list_again
from defect_workbench.workflows.open_project import open_session


@dataclass(frozen=True)
class ReplayRequest:
    """A session, and the folders for its replay.

    Attributes
    ----------
    folder : Path or None
        Folder that the images are in now; None for that of the session.
    """

    session: Path
    out: Path
    folder: Path | None = None


@dataclass(frozen=True, eq=False)
class ReplayedSession:
    """The repeated project, and what was written."""

    project: Project
    plan: Plan


def replay(request: ReplayRequest, options: FeatureOptions, reporter: Reporter) -> ReplayedSession:
    """Repeat scan, extraction, clustering and decisions, compare the manifests, and export.

    Parameters
    ----------
    options : FeatureOptions
        `processing`, `precision` and `description` are replaced by those of the session.

    Raises
    ------
    WorkbenchError
        If images, weights or manifest differ; then nothing is written.
    """
    from defect_workbench.engine.features.identity import differences as feature_differences

    session = open_session(request.session)
    check_out(request.out, store=options.store)
    export_options, mode = ExportOptions(), Mode.COPY
    if (request.session.parent / RECEIPT).is_file():
        receipt = read_receipt(request.session.parent)
        export_options, mode = receipt.profile, receipt.mode
    _check_weights(session, options, reporter)
    backbone = session.analysis.backbone
    settings = session.analysis.settings
    options = replace(
        options, processing=settings.processing, precision=backbone.precision if backbone else None
    )
    options = options.as_described_in(session.analysis)
    if backbone is None:
        # The session was made without weights, so those of this machine must not be used.
        options = replace(options, offline=True, weights=options.weights / "none", carried=None)
    folder = Path(os.path.abspath(request.folder or session.images.root))
    described = describe(list_again(session, folder, reporter), settings, options, reporter)
    extraction, found = described.extraction, described.found
    changed = differences(*_compared(session, extraction.images))
    if changed:
        raise WorkbenchError(
            f"{folder} has changed since the session was made, so nothing was written: {'; '.join(changed)}"
        )
    analysis = described.analyse(settings, reporter)
    images = replace(extraction.images, folders=session.images.folders)
    project = replace(session, images=images, analysis=analysis, maps=found.maps)
    different = _count_different_rows(session, project, export_options)
    if different:
        identity_differences = feature_differences(session.analysis.identity, analysis.identity)
        why = "; ".join(identity_differences) or (
            "versions of the program or its packages, or the processor, differ"
        )
        raise WorkbenchError(
            f"the images are the same, but {counted(different, 'row')} of the manifest "
            f"would differ, so nothing was written: {why}"
        )
    plan = export(project, ExportRequest(request.out, mode, export_options), reporter)
    return ReplayedSession(project, plan)


def _compared(session: Project, images: ImageSet) -> tuple[ImageSet, ImageSet]:
    """Return the images of a session and those of now, without remarks on inspection files.

    What such files name counts by its images: the remarks change with the version of the program, and files
    that were not used are not listed again.
    """
    if session.inspection is None:
        return session.images, images
    files = {file.path for file in session.inspection.files}

    def compared(each: ImageSet) -> ImageSet:
        rejected = [r for r in each.rejected if r.path not in files and not may_be_klarf(r.path)]
        return replace(each, rejected=tuple(rejected))

    return compared(session.images), compared(images)


def _count_different_rows(session: Project, project: Project, export_options: ExportOptions) -> int:
    before = manifest_text(lay_out(session, rows(session), export_options).rows)
    after = manifest_text(lay_out(project, rows(project), export_options).rows)
    if before == after:
        return 0
    pairs = zip(before.splitlines(), after.splitlines(), strict=False)
    return sum(one != other for one, other in pairs)


def _check_weights(session: Project, options: FeatureOptions, reporter: Reporter) -> None:
    """Check that the weights in use are those of the session."""
    backbone = session.analysis.backbone
    if backbone is None:
        return
    library = options.library
    info = library.info()
    if info is None and not options.offline:
        library.obtain(reporter, offline=False)
        info = library.info()
    if info is None or info.sha256 != backbone.sha256:
        in_use = f"{info.name}, {info.sha256[:16]}…, are" if info else "none are"
        raise WorkbenchError(
            f"the session was made with the weights {backbone.weights}, {backbone.sha256[:16]}…, "
            f"but {in_use} in use",
            Remedy.MATCHING_WEIGHTS,
        )
