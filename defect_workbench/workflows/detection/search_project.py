"""Find the defects of the images of an open project."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.images.detections import Detection
from defect_workbench.core.images.image_records import ImageSet
from defect_workbench.core.progress import Reporter
from defect_workbench.core.project.found_defects import FoundDefects
from defect_workbench.core.text import counted
from defect_workbench.workflows.detection.search_folder import (
    finder_of,
    no_reference_for_any,
)
from defect_workbench.workflows.klarf.image_listing import list_references

if TYPE_CHECKING:
    from defect_workbench.engine.detection.project_images import ProjectImages


@dataclass(frozen=True)
class SearchRequest:
    """How to search.

    Attributes
    ----------
    reference : Path or None
        Folder of golden references.
    model : Path or None
        A trained detector; by default the classical finder.
    """

    reference: Path | None = None
    model: Path | None = None


def search_project(images: ImageSet, request: SearchRequest, reporter: Reporter) -> FoundDefects:
    """Return the defects of the images of a project.

    Images that can no longer be read, or lack a golden reference that the detector needs, count as not
    searched, and are reported.

    Raises
    ------
    InputError
        If a folder or the model cannot be used, or no image has a reference.
    WorkbenchError
        If no image could be searched.
    """
    from defect_workbench.core.images.image_records import Rejection

    source = open_project_images(images, request.reference, reporter)
    detector = finder_of(request.model, request.reference, reporter)
    found: list[tuple[Detection, ...] | None] = []
    missing: list[str] = []
    reporter.stage("Searching for defects", len(images))
    for result in source.run(detector.find, needs_reference=detector.needs_reference):
        reporter.check()
        reporter.advance()
        if isinstance(result, Rejection):
            missing.append(f"{result.path}: {result.reason}")
            found.append(None)
        else:
            found.append(result.detections)
    if len(missing) == len(images):
        raise WorkbenchError(f"no image could be searched; first: {missing[0]}")
    if missing:
        reporter.warn(f"{counted(len(missing), 'image')} could not be searched; first: {missing[0]}")
    reference = None
    if request.model is None:
        reference = "" if request.reference is None else str(request.reference)
    return FoundDefects(tuple(found), np.zeros(len(images), bool), _words(request), reference=reference)


def open_project_images(images: ImageSet, reference: Path | None, reporter: Reporter) -> ProjectImages:
    """Return the images of a project with their golden references.

    Raises
    ------
    InputError
        If the folder of references does not exist or has no images, or no image has a reference.
    """
    from defect_workbench.engine.detection.project_images import ProjectImages

    source = ProjectImages(images, list_references(reference, reporter))
    if reference is not None and not source.has_references():
        raise no_reference_for_any(reference)
    return source


def _words(request: SearchRequest) -> str:
    """Return what found the defects, in words."""
    words = "the classical finder" if request.model is None else f"the detector {request.model.name}"
    return words if request.reference is None else f"{words} with golden references"


def export_boxes(images: ImageSet, found: FoundDefects, folder: Path, format_name: str) -> int:
    """Write the boxes of the images that were searched to a new folder, as box files.

    Returns
    -------
    int
        Number of boxes.

    Raises
    ------
    WorkbenchError
        If the folder is not empty or cannot be written.
    """
    from defect_workbench.storage.boxes.box_format import BoxedImage
    from defect_workbench.storage.boxes.formats.registry import BOX_FORMATS
    from defect_workbench.storage.result.box_files import write_box_files
    from defect_workbench.workflows.export import check_out

    check_out(folder)
    boxed = [
        BoxedImage(image.path, image.width, image.height, tuple(each.box for each in defects))
        for image, defects in zip(images.images, found.of, strict=True)
        if defects is not None
    ]
    write_box_files(folder, BOX_FORMATS[format_name], boxed)
    return sum(len(each.boxes) for each in boxed)
