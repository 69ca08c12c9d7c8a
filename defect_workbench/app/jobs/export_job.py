"""The jobs around result folders: what would be written, writing it, taking it back."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from defect_workbench.app.jobs.runner import JobReporter, Lasting, Work
from defect_workbench.core.project.project_state import Project
from defect_workbench.storage.result.export_options import Mode, Profile

if TYPE_CHECKING:
    from defect_workbench.storage.result.receipt import Undone
    from defect_workbench.storage.result.result_folder import Plan


@dataclass(frozen=True)
class Wish:
    """What a person wants exported.

    Attributes
    ----------
    add : bool
        To an earlier export; the profile is then the earlier one's.
    """

    out: Path
    mode: Mode = Mode.COPY
    profile: Profile = field(default_factory=Profile)
    add: bool = False


@dataclass(frozen=True)
class Planned:
    """What an export would write."""

    wish: Wish
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


def plan(project: Project, wish: Wish) -> Work:
    """The job that finds out what an export would write."""

    def work(reporter: JobReporter) -> Planned:
        from defect_workbench.storage.result.result_folder import plan_export

        return Planned(wish, plan_export(project, wish.out, wish.profile, add=wish.add))

    return work


def export(project: Project, wish: Wish) -> Work:
    """The job that writes a result folder."""

    def work(reporter: JobReporter) -> Exported:
        from defect_workbench.engine.input.thumbnail import thumbnail
        from defect_workbench.storage.result.result_folder import export as write
        from defect_workbench.storage.result.result_folder import session_of
        from defect_workbench.workflows.run_info import report_facts, report_tables

        done = write(
            project,
            wish.out,
            wish.mode,
            report_facts(project),
            thumbnail,
            reporter,
            profile=wish.profile,
            tables=report_tables(project),
            add=wish.add,
        )
        files = sum(done.folders.values())
        return Exported(done.out, files, wish.add, project, session_of(done.out))

    return work


def take_back(out: Path) -> Work:
    """The job that removes what exports wrote into a folder."""

    def work(reporter: JobReporter) -> TakenBack:
        from defect_workbench.storage.result.receipt import undo_export

        return TakenBack(out, undo_export(out, reporter))

    return work
