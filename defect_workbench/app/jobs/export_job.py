"""Jobs that plan, write and undo exports, and write slides."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from defect_workbench.app.jobs.runner import JobReporter, ResultOnDisk, Work
from defect_workbench.core.project.project_state import Project
from defect_workbench.storage.result.receipt import UndoResult
from defect_workbench.storage.result.result_folder import Plan, session_of
from defect_workbench.workflows import export as exporting
from defect_workbench.workflows.export import ExportRequest, SlidesRequest


@dataclass(frozen=True)
class Planned:
    """What an export would write."""

    request: ExportRequest
    plan: Plan


@dataclass(frozen=True, eq=False)
class Exported(ResultOnDisk):
    """A result folder was written, or added to.

    Attributes
    ----------
    project : Project
        What was exported; `session` is the session file in the result folder.
    """

    out: Path
    images: int
    added: bool
    project: Project
    session: Path


@dataclass(frozen=True)
class ExportUndone(ResultOnDisk):
    """What exports wrote to a folder was removed, except files that were changed since."""

    out: Path
    undone: UndoResult


@dataclass(frozen=True)
class SlidesExported(ResultOnDisk):
    """Slides were written; `missing` images no longer exist."""

    file: Path
    missing: int


def plan(project: Project, request: ExportRequest) -> Work:
    """Return the job that lists what an export would write."""

    def work(reporter: JobReporter) -> Planned:
        return Planned(request, exporting.plan(project, request))

    return work


def export(project: Project, request: ExportRequest) -> Work:
    """Return the job that writes a result folder."""

    def work(reporter: JobReporter) -> Exported:
        written = exporting.export(project, request, reporter)
        images = sum(written.folders.values())
        return Exported(written.out, images, request.add, project, session_of(written.out))

    return work


def undo_export(out: Path) -> Work:
    """Return the job that removes what exports wrote into a folder."""

    def work(reporter: JobReporter) -> ExportUndone:
        return ExportUndone(out, exporting.undo(out, reporter))

    return work


def export_slides(project: Project, request: SlidesRequest) -> Work:
    """Return the job that writes slides."""

    def work(reporter: JobReporter) -> SlidesExported:
        return SlidesExported(request.file, exporting.export_slides(project, request, reporter))

    return work
