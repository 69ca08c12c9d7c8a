"""Compare the defects that are found with those that people marked."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from defect_workbench.core.detector.detection_error import DetectionError
from defect_workbench.core.errors import InputError, WorkbenchError
from defect_workbench.core.images.detections import Box
from defect_workbench.core.images.image_records import ImageSet, Rejection
from defect_workbench.core.progress import Reporter
from defect_workbench.core.text import and_more
from defect_workbench.storage.boxes.box_folder import AUTO, BoxFolder, BoxProblem, BoxSet
from defect_workbench.workflows.detection.search_folder import (
    ReferenceNotes,
    finder_of,
    no_usable_image,
    open_finder,
)
from defect_workbench.workflows.detection.search_project import SearchRequest, open_project_images
from defect_workbench.workflows.klarf.image_listing import ImageSource

if TYPE_CHECKING:
    from defect_workbench.engine.detection.detection_figures import DetectionFigures, Judged
    from defect_workbench.engine.detection.folder_detections import ImageDetections
    from defect_workbench.engine.detection.folder_images import FolderImages

_CLASSICAL = "the classical finder"
_KINDS = 6


@dataclass(frozen=True)
class EvaluateRequest:
    """What to evaluate.

    Attributes
    ----------
    boxes : Path
        Folder of box files, or one file.
    reference : Path or None
        Folder of golden references; without one, those that inspection files name.
    format : str
        Format of the boxes: a name of `BOX_FORMATS`, or auto.
    model : Path or None
        A trained detector, whose labels must be right, too, if the boxes have any of them; by default the
        classical finder.
    errors : Path or None
        New folder for the errors, as a table and pictures.
    """

    source: ImageSource
    boxes: Path
    reference: Path | None = None
    format: str = AUTO
    model: Path | None = None
    errors: Path | None = None


@dataclass(frozen=True)
class BoxComparison:
    """What to compare the defects of an open project with.

    Attributes
    ----------
    boxes : Path
        Folder of box files, or one file.
    search : SearchRequest
        What finds the defects.
    format : str
        Format of the boxes: a name of `BOX_FORMATS`, or auto.
    """

    boxes: Path
    search: SearchRequest
    format: str = AUTO


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
        Files that are not images, and images without a box file; neither is counted.
    seconds : float
        Of the search, per image.
    finder : DetectionFigures or None
        Those of the classical finder on the same images, for comparison with a trained detector.
    errors : tuple of (str, tuple of DetectionError)
        The path and the errors of each image that has some, those with the most errors first.
    paths : tuple of str
        The images that were compared with their boxes.
    """

    figures: DetectionFigures
    format: str
    problems: tuple[BoxProblem, ...]
    rejected: int
    without_boxes: int
    seconds: float
    finder: DetectionFigures | None = None
    errors: tuple[tuple[str, tuple[DetectionError, ...]], ...] = ()
    paths: tuple[str, ...] = ()


def evaluate_detector(request: EvaluateRequest, reporter: Reporter) -> EvaluatedDetector:
    """Find the defects of marked images, and return how far they agree with the marks.

    Raises
    ------
    InputError
        If a folder cannot be used, or no image has boxes.
    """
    from defect_workbench.engine.detection.folder_detections import FolderFinder
    from defect_workbench.workflows.export import check_out

    if request.errors is not None:
        check_out(request.errors)
    boxes = BoxFolder(request.boxes, request.format)
    searched = open_finder(request.source, request.reference, request.model, reporter)
    listing = searched.listing
    run = searched.finder.run()
    found, rejected, seconds = _found(run, len(listing.files), listing.rejected, reporter)
    if not found:
        raise no_usable_image(listing.root, rejected)
    marked = boxes.read({each.path: (each.width, each.height) for each in found}, reporter)
    judged = _judged(found, marked.boxes)
    if not judged:
        raise InputError(
            f"no image of {request.source.path} has boxes in {request.boxes}: box files need the same "
            "relative path or the same file name as their image"
        )
    others: list[ImageDetections] | None = None
    if request.model is not None:
        run = FolderFinder(searched.images).run()
        others, _, _ = _found(run, len(listing.files), (), reporter, _CLASSICAL)
    done = _evaluated(judged, others, marked, searched.labels, reporter)
    if request.errors is not None:
        _write_errors(request.errors, done.errors, searched.images, reporter)
    return replace(done, rejected=len(rejected), without_boxes=len(found) - len(judged), seconds=seconds)


def evaluate_on_project(images: ImageSet, request: BoxComparison, reporter: Reporter) -> EvaluatedDetector:
    """Find the defects of those images of a project that have boxes, and compare them with the boxes.

    Raises
    ------
    InputError
        If a folder or the model cannot be used, or no image has boxes.
    WorkbenchError
        If no image with boxes could be searched.
    """
    from defect_workbench.engine.detection.finder import find_defects

    boxes = BoxFolder(request.boxes, request.format)
    search = request.search
    source = open_project_images(images, search.reference, reporter)
    detector = finder_of(search.model, search.reference, reporter)
    marked = boxes.read({each.path: (each.width, each.height) for each in images.images}, reporter)
    places = [place for place, each in enumerate(images.images) if each.path in marked.boxes]
    if not places:
        raise InputError(
            f"no open image has boxes in {request.boxes}: box files need the same relative path or the same "
            "file name as their image"
        )
    run = source.run(detector.find, needs_reference=detector.needs_reference, places=places)
    found, rejected, seconds = _found(run, len(places), (), reporter)
    if not found:
        raise WorkbenchError(
            f"no image with boxes could be searched; first: {rejected[0].path}: {rejected[0].reason}"
        )
    others: list[ImageDetections] | None = None
    if search.model is not None:
        run = source.run(find_defects, needs_reference=False, places=places)
        others, _, _ = _found(run, len(places), (), reporter, _CLASSICAL)
    done = _evaluated(_judged(found, marked.boxes), others, marked, detector.labels, reporter)
    without = len(images) - len(places)
    return replace(done, rejected=len(rejected), without_boxes=without, seconds=seconds)


def _evaluated(
    judged: Sequence[Judged],
    others: Sequence[ImageDetections] | None,
    marked: BoxSet,
    labels: Sequence[str],
    reporter: Reporter,
) -> EvaluatedDetector:
    """Return the figures and the errors of a detector; for a trained one, also those of the finder."""
    from defect_workbench.engine.detection.detection_errors import most_errors_first
    from defect_workbench.engine.detection.detection_figures import figures_of

    trained, finder = others is not None, None
    by_label = trained and bool(set(marked.labels) & set(labels))
    if trained and not by_label and marked.labels:
        reporter.warn(
            f"the boxes have other kinds ({and_more(marked.labels, _KINDS)}) than the detector "
            f"({and_more(labels, _KINDS)}), so only places are judged"
        )
    reporter.stage("Computing confidence intervals", None)
    if others is not None:
        finder = figures_of(_judged(others, {each.path: each.boxes for each in judged}))
    figures = figures_of(judged, by_label=by_label)
    errors = most_errors_first(judged, by_label=by_label)
    listed, paths = tuple((p, tuple(e)) for p, e in errors), tuple(each.path for each in judged)
    return EvaluatedDetector(figures, marked.format, marked.problems, 0, 0, 0.0, finder, listed, paths)


def _found(
    run: Iterator[ImageDetections | Rejection],
    total: int,
    rejections: Sequence[Rejection],
    reporter: Reporter,
    name: str = "",
) -> tuple[list[ImageDetections], list[Rejection], float]:
    """Return the defects of all images, the files that were not used, and the seconds per image."""
    found: list[ImageDetections] = []
    rejected = list(rejections)
    notes = ReferenceNotes()
    started = time.perf_counter()
    reporter.stage(f"Searching for defects{name and ' with '}{name}", total)
    for each in run:
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
    out: Path,
    wrong: Sequence[tuple[str, Sequence[DetectionError]]],
    images: FolderImages,
    reporter: Reporter,
) -> None:
    from defect_workbench.storage.result.error_pictures import writing_errors

    files = {file.path: file for file in images.listing.files}
    reporter.stage("Writing pictures of the errors", len(wrong))
    with writing_errors(out) as pictures:
        for path, errors in wrong:
            reporter.check()
            reporter.advance()
            read = images.read(files[path])
            if not isinstance(read, Rejection):
                pictures.add(path, read.whole, errors)
