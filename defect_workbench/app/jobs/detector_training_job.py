"""The job that trains a detector on the boxes that the user has checked."""

from __future__ import annotations

from dataclasses import dataclass

from defect_workbench.app.jobs.runner import JobReporter, ResultOnDisk, Work
from defect_workbench.core.detector.trained_detector import CurvePoint
from defect_workbench.core.project.found_defects import FoundDefects
from defect_workbench.core.project.project_state import Project
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.detection.train_on_boxes import (
    TrainedOnBoxes,
    TrainingOptions,
    train_on_project,
)
from defect_workbench.workflows.weights import open_weights


@dataclass(frozen=True, eq=False)
class DetectorTrained(ResultOnDisk):
    """A detector was trained and written to the file of its options."""

    options: TrainingOptions
    trained: TrainedOnBoxes


@dataclass(frozen=True)
class TrainingPoint:
    """A point of the curves of the running training."""

    point: CurvePoint


def train(
    project: Project, found: FoundDefects, options: TrainingOptions, places: UserDirs, *, offline: bool
) -> Work:
    """Return the job that trains a detector on the checked images of a project.

    Each point of its curves is reported as a `TrainingPoint`.
    """

    def work(reporter: JobReporter) -> DetectorTrained:
        library = open_weights(places.weights)
        trained = train_on_project(
            project.images,
            found,
            options,
            library,
            reporter,
            offline=offline,
            watch=lambda point: reporter.partial(TrainingPoint(point)),
        )
        return DetectorTrained(options, trained)

    return work
