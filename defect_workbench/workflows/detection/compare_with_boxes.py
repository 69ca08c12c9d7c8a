"""Compare the defects that are found with those that people marked."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from defect_workbench.core.errors import InputError
from defect_workbench.core.images.image_records import Rejection
from defect_workbench.core.progress import Reporter
from defect_workbench.storage.boxes.box_folder import AUTO, BoxFolder, BoxProblem
from defect_workbench.workflows.detection.search_folder import (
    ReferenceNotes,
    no_usable_image,
    open_finder,
)

if TYPE_CHECKING:
    from defect_workbench.engine.detection.detection_figures import DetectionFigures
    from defect_workbench.engine.detection.folder_detections import ImageDetections


@dataclass(frozen=True)
class EvaluateRequest:
    """What to evaluate.

    Attributes
    ----------
    boxes : Path
        Folder of box files, or one file.
    reference : Path or None
        Folder of golden references.
    format : str
        Format of the boxes: a name of `BOX_FORMATS`, or auto.
    model : Path or None
        A trained detector, whose labels must be right, too; by default the classical finder.
    """

    folder: Path
    boxes: Path
    reference: Path | None = None
    format: str = AUTO
    model: Path | None = None


@dataclass(frozen=True, eq=False)
class EvaluatedDetector:
    """The figures of a detector.

    Attributes
    ----------
    format : str
        The format of the boxes.
    problems : tuple of BoxProblem
        Boxes and box files that were not used.
    rejected, without_boxes : int
        Files that are not images, and images that nobody marked; neither is counted.
    seconds : float
        Of the search, per image.
    """

    figures: DetectionFigures
    format: str
    problems: tuple[BoxProblem, ...]
    rejected: int
    without_boxes: int
    seconds: float


def evaluate_detector(request: EvaluateRequest, reporter: Reporter) -> EvaluatedDetector:
    """Find the defects of marked images, and return how far they agree with the marks.

    Raises
    ------
    InputError
        If a folder cannot be used, or no image has boxes.
    """
    from defect_workbench.engine.detection.detection_figures import Judged, figures_of

    boxes = BoxFolder(request.boxes, request.format)
    searched = open_finder(request.folder, request.reference, request.model, reporter)
    listing = searched.listing
    found: list[ImageDetections] = []
    rejected = list(listing.rejected)
    notes = ReferenceNotes()
    started = time.perf_counter()
    reporter.stage("Searching for defects", len(listing.files))
    for each in searched.finder.run():
        reporter.check()
        reporter.advance()
        if isinstance(each, Rejection):
            rejected.append(each)
            continue
        notes.add(each.path, each.missing_reference)
        found.append(each)
    if not found:
        raise no_usable_image(listing, len(rejected), next(iter(rejected), None))
    seconds = (time.perf_counter() - started) / len(found)
    notes.report(len(found), reporter)
    marked = boxes.read({each.path: (each.width, each.height) for each in found}, reporter)
    judged = [
        Judged(each.path, each.detections, marked.boxes[each.path], each.unsure)
        for each in found
        if each.path in marked.boxes
    ]
    if not judged:
        raise InputError(
            f"no image of {request.folder} has boxes in {request.boxes}: box files need the same relative "
            "path or the same file name as their image"
        )
    reporter.stage("Computing confidence intervals", None)
    figures = figures_of(judged, by_label=request.model is not None)
    return EvaluatedDetector(
        figures, marked.format, marked.problems, len(rejected), len(found) - len(judged), seconds
    )
