"""Compare the defects that are found with those that people marked."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from defect_workbench.core.errors import InputError
from defect_workbench.core.images.detections import Box
from defect_workbench.core.images.image_records import Rejection
from defect_workbench.core.progress import Reporter
from defect_workbench.core.text import and_more
from defect_workbench.storage.boxes.box_folder import AUTO, BoxFolder, BoxProblem
from defect_workbench.workflows.detection.search_folder import (
    ReferenceNotes,
    no_usable_image,
    open_finder,
)

if TYPE_CHECKING:
    from defect_workbench.engine.detection.detection_figures import DetectionFigures, Judged
    from defect_workbench.engine.detection.folder_detections import FolderFinder, ImageDetections
    from defect_workbench.engine.detection.folder_images import FolderImages
    from defect_workbench.engine.input.scan import Listing

_KINDS = 6


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
        A trained detector, whose labels must be right, too, if the boxes have any of them; by default the
        classical finder.
    errors : Path or None
        New folder for the errors, as a table and pictures.
    """

    folder: Path
    boxes: Path
    reference: Path | None = None
    format: str = AUTO
    model: Path | None = None
    errors: Path | None = None


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
    finder : DetectionFigures or None
        Those of the classical finder on the same images, for comparison with a trained detector.
    """

    figures: DetectionFigures
    format: str
    problems: tuple[BoxProblem, ...]
    rejected: int
    without_boxes: int
    seconds: float
    finder: DetectionFigures | None = None


def evaluate_detector(request: EvaluateRequest, reporter: Reporter) -> EvaluatedDetector:
    """Find the defects of marked images, and return how far they agree with the marks.

    Raises
    ------
    InputError
        If a folder cannot be used, or no image has boxes.
    """
    from defect_workbench.engine.detection.detection_figures import figures_of
    from defect_workbench.engine.detection.folder_detections import FolderFinder
    from defect_workbench.workflows.export import check_out

    if request.errors is not None:
        check_out(request.errors)
    boxes = BoxFolder(request.boxes, request.format)
    searched = open_finder(request.folder, request.reference, request.model, reporter)
    found, rejected, seconds = _found(searched.finder, searched.listing, reporter)
    if not found:
        raise no_usable_image(searched.listing, len(rejected), next(iter(rejected), None))
    marked = boxes.read({each.path: (each.width, each.height) for each in found}, reporter)
    judged = _judged(found, marked.boxes)
    if not judged:
        raise InputError(
            f"no image of {request.folder} has boxes in {request.boxes}: box files need the same relative "
            "path or the same file name as their image"
        )
    by_label = request.model is not None and bool(set(marked.labels) & set(searched.labels))
    if request.model is not None and not by_label and marked.labels:
        reporter.warn(
            f"the boxes have other kinds ({and_more(marked.labels, _KINDS)}) than the detector "
            f"({and_more(searched.labels, _KINDS)}), so only places are judged"
        )
    finder = None
    if request.model is not None:
        others, _, _ = _found(
            FolderFinder(searched.images), searched.listing, reporter, "the classical finder"
        )
        finder = figures_of(_judged(others, {each.path: each.boxes for each in judged}))
    if request.errors is not None:
        _write_errors(request.errors, judged, searched.images, by_label, reporter)
    reporter.stage("Computing confidence intervals", None)
    return EvaluatedDetector(
        figures_of(judged, by_label=by_label),
        marked.format,
        marked.problems,
        len(rejected),
        len(found) - len(judged),
        seconds,
        finder,
    )


def _found(
    finder: FolderFinder, listing: Listing, reporter: Reporter, name: str = ""
) -> tuple[list[ImageDetections], list[Rejection], float]:
    """Return the defects of all images, the files that were not used, and the seconds per image."""
    found: list[ImageDetections] = []
    rejected = list(listing.rejected)
    notes = ReferenceNotes()
    started = time.perf_counter()
    reporter.stage(f"Searching for defects{name and ' with '}{name}", len(listing.files))
    for each in finder.run():
        reporter.check()
        reporter.advance()
        if isinstance(each, Rejection):
            rejected.append(each)
            continue
        notes.add(each.path, each.missing_reference)
        found.append(each)
    if not name:
        notes.report(len(found), reporter)
    return found, rejected, (time.perf_counter() - started) / max(1, len(found))


def _judged(found: Sequence[ImageDetections], boxes: Mapping[str, tuple[Box, ...]]) -> list[Judged]:
    from defect_workbench.engine.detection.detection_figures import Judged

    return [
        Judged(each.path, each.detections, boxes[each.path], each.unsure)
        for each in found
        if each.path in boxes
    ]


def _write_errors(
    out: Path, judged: Sequence[Judged], images: FolderImages, by_label: bool, reporter: Reporter
) -> None:
    from defect_workbench.engine.detection.detection_errors import most_errors_first
    from defect_workbench.storage.result.error_pictures import writing_errors

    files = {file.path: file for file in images.listing.files}
    wrong = most_errors_first(judged, by_label=by_label)
    reporter.stage("Writing pictures of the errors", len(wrong))
    with writing_errors(out) as pictures:
        for path, errors in wrong:
            reporter.check()
            reporter.advance()
            read = images.read(files[path])
            if not isinstance(read, Rejection):
                pictures.add(path, read.whole, errors)
