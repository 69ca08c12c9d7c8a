"""Jobs about the single defects of images: search, comparison with boxes, and export of boxes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from defect_workbench.app.jobs.runner import JobReporter, ResultOnDisk, Work
from defect_workbench.core.project.found_defects import FoundDefects
from defect_workbench.core.project.project_state import Project
from defect_workbench.workflows.detection.compare_with_boxes import (
    BoxComparison,
    EvaluatedDetector,
    evaluate_on_project,
)
from defect_workbench.workflows.detection.search_project import SearchRequest, export_boxes, search_project


@dataclass(frozen=True, eq=False)
class Searched:
    """The images were searched."""

    project: Project
    found: FoundDefects


@dataclass(frozen=True)
class BoxesExported(ResultOnDisk):
    """The boxes were written."""

    folder: Path
    boxes: int


def search(project: Project, request: SearchRequest) -> Work:
    """Return the job that finds the defects of the images."""

    def work(reporter: JobReporter) -> Searched:
        return Searched(project, search_project(project.images, request, reporter))

    return work


@dataclass(frozen=True, eq=False)
class Evaluated:
    """What a detector finds was compared with boxes."""

    project: Project
    evaluated: EvaluatedDetector


def evaluate(project: Project, request: BoxComparison) -> Work:
    """Return the job that compares what a detector finds in the images with boxes that people drew."""

    def work(reporter: JobReporter) -> Evaluated:
        return Evaluated(project, evaluate_on_project(project.images, request, reporter))

    return work


def export(project: Project, found: FoundDefects, folder: Path, format_name: str) -> Work:
    """Return the job that writes the boxes to a new folder."""

    def work(reporter: JobReporter) -> BoxesExported:
        reporter.stage("Writing boxes", None)
        return BoxesExported(folder, export_boxes(project.images, found, folder, format_name))

    return work
