"""The job that compares a file with the images of the open project."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from defect_workbench.app.jobs.runner import JobReporter, Work
from defect_workbench.core.project.project_state import Project
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.compare import LikeFile, images_like_file
from defect_workbench.workflows.extract import FeatureOptions


@dataclass(frozen=True, eq=False)
class Compared:
    """The images of a project, ranked by their likeness to a file."""

    project: Project
    like: LikeFile


def compare_file(project: Project, file: Path, places: UserDirs, *, offline: bool) -> Work:
    """Return the job that ranks the images of a project by their likeness to a file."""

    def work(reporter: JobReporter) -> Compared:
        options = FeatureOptions.at(places, offline=offline)
        return Compared(project, images_like_file(project, file, options, reporter))

    return work
