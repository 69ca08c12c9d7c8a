"""The jobs around tables joined to the images."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from defect_workbench.app.jobs.runner import JobReporter, Work
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.project.side_data import SideData

if TYPE_CHECKING:
    from defect_workbench.engine.clustering.association import Association


@dataclass(frozen=True, eq=False)
class Joined:
    """A table was read and fits the images."""

    side: SideData


@dataclass(frozen=True, eq=False)
class Associated:
    """Each column of the joined table against the clusters."""

    found: tuple[Association, ...]


def join(project: Project, path: Path) -> Work:
    """The job that reads a CSV or XLSX file and joins it by file name."""

    def work(reporter: JobReporter) -> Joined:
        from defect_workbench.core.project.side_data import join as fit
        from defect_workbench.storage.session.table_reader import read_table

        reporter.stage("Reading the table", None)
        return Joined(fit(read_table(path), project.images))

    return work


def associate(project: Project) -> Work:
    """The job that tests whether the columns go together with the clusters."""

    def work(reporter: JobReporter) -> Associated:
        from defect_workbench.engine.clustering.association import associations

        reporter.stage("Comparing the table with the clusters", None)
        return Associated(tuple(associations(project)))

    return work
