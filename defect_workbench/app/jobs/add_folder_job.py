"""The job that adds a folder of new images to the open project."""

from __future__ import annotations

from dataclasses import dataclass

from defect_workbench.app.jobs.open_job import Opened, prepare
from defect_workbench.app.jobs.runner import JobReporter, Work
from defect_workbench.core.project.project_state import Project
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows import add_folder as adding
from defect_workbench.workflows.extract import FeatureOptions
from defect_workbench.workflows.klarf.image_listing import ImageSource


@dataclass(frozen=True, eq=False)
class Added:
    """The project with the new images in it.

    Attributes
    ----------
    new, matched : int
        Images added, and how many of them were put into confirmed clusters.
    """

    opened: Opened
    new: int
    matched: int


def add_folder(project: Project, source: ImageSource, places: UserDirs, *, offline: bool) -> Work:
    """Return the job that adds images: they are matched to confirmed clusters, the rest is clustered."""

    def work(reporter: JobReporter) -> Added:
        options = FeatureOptions.at(places, offline=offline)
        added = adding.add_folder(project, source, options, reporter)
        return Added(prepare(added.project), added.new, added.matched)

    return work
