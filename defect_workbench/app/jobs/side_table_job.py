"""Jobs that join a table to the images and compare it with the clusters."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from defect_workbench.app.jobs.runner import JobReporter, Work
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.project.side_data import SideData
from defect_workbench.engine.clustering.association import Association, associations
from defect_workbench.workflows.side_table import join_side_table, read_side_table


@dataclass(frozen=True, eq=False)
class Joined:
    """A table was read and joined to the images."""

    side: SideData


@dataclass(frozen=True, eq=False)
class Associated:
    """The association of each column of the joined table, and of the found defects, with the clusters."""

    associations: tuple[Association, ...]


def join(project: Project, path: Path) -> Work:
    """Return the job that reads a CSV or XLSX file and joins it by file name."""

    def work(reporter: JobReporter) -> Joined:
        reporter.stage("Reading the table", None)
        joined = join_side_table(project, read_side_table(path))
        assert joined.side is not None
        return Joined(joined.side)

    return work


def associate(project: Project) -> Work:
    """Return the job that tests which columns are related to the clusters."""

    def work(reporter: JobReporter) -> Associated:
        reporter.stage("Comparing with the clusters", None)
        return Associated(tuple(associations(project)))

    return work
