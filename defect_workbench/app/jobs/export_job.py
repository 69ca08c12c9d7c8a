"""Jobs around result folders: what would be written, writing it, undoing it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from defect_workbench.app.jobs.runner import JobReporter, Lasting, Work
from defect_workbench.core.project.project_state import Project
from defect_workbench.storage.result.receipt import Undone
from defect_workbench.storage.result.result_folder import Plan, session_of
from defect_workbench.workflows import export as exporting
from defect_workbench.workflows.export import ExportRequest


@dataclass(frozen=True)
class Planned:
    """What an export would write."""

    request: ExportRequest
    plan: Plan


@dataclass(frozen=True, eq=False)
class Exported(Lasting):
    """A result folder was written, or added to.

    Attributes
    ----------
    project : Project
        What was exported; `session` is the file in the result that holds all of it.
    """

    out: Path
    images: int
    added: bool
    project: Project
    session: Path


@dataclass(frozen=True)
class TakenBack(Lasting):
    """What exports wrote into a folder is removed again, but for what was changed since."""

    out: Path
    undone: Undone


def plan(project: Project, request: ExportRequest) -> Work:
    """The job that finds out what an export would write."""

    def work(reporter: JobReporter) -> Planned:
        return Planned(request, exporting.plan(project, request))

    return work


def export(project: Project, request: ExportRequest) -> Work:
    """The job that writes a result folder."""

    def work(reporter: JobReporter) -> Exported:
        written = exporting.export(project, request, reporter)
        images = sum(written.folders.values())
        return Exported(written.out, images, request.add, project, session_of(written.out))

    return work


def take_back(out: Path) -> Work:
    """The job that removes what exports wrote into a folder."""

    def work(reporter: JobReporter) -> TakenBack:
        return TakenBack(out, exporting.undo(out, reporter))

    return work
