"""Find and count the defects of the images of a folder."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from defect_workbench.core.errors import InputError
from defect_workbench.core.images.detections import UNNAMED
from defect_workbench.core.images.image_records import Rejection
from defect_workbench.core.progress import Reporter
from defect_workbench.core.text import counted
from defect_workbench.engine.input.scan import Listing, scan

if TYPE_CHECKING:
    from defect_workbench.engine.detection.folder_detections import FolderFinder


@dataclass(frozen=True)
class DetectRequest:
    """What to search for defects, and where to write the result.

    Attributes
    ----------
    reference : Path or None
        Folder of golden references.
    overlays : bool
        Also write each image with its boxes.
    """

    folder: Path
    out: Path
    reference: Path | None = None
    overlays: bool = False


@dataclass(frozen=True)
class DetectedFolder:
    """What was found.

    Attributes
    ----------
    images, rejected, defects, clean : int
        Images that were searched, files that were not used, defects, and images without one.
    with_reference : int
        Images that were compared with a golden reference.
    seconds : float
        Duration of the search.
    """

    images: int
    rejected: int
    defects: int
    clean: int
    with_reference: int
    seconds: float


def detect(request: DetectRequest, reporter: Reporter) -> DetectedFolder:
    """Find the defects of the images of a folder, and write them to a new result folder.

    Raises
    ------
    InputError
        If a folder does not exist, no image can be used, or the result folder is not empty.
    WorkbenchError
        If the result folder cannot be written.
    """
    from defect_workbench.storage.result.detection_tables import writing_detections
    from defect_workbench.workflows.export import check_out

    check_out(request.out)
    listing, finder = open_folder_finder(request.folder, request.reference, reporter)
    started = time.perf_counter()
    images = defects = clean = with_reference = 0
    rejected = len(listing.rejected)
    first: Rejection | None = next(iter(listing.rejected), None)
    notes = ReferenceNotes()
    with writing_detections(request.out, [UNNAMED]) as tables:
        rejections = list(listing.rejected)
        reporter.stage("Searching for defects", len(listing.files))
        for found in finder.run(tables.draw if request.overlays else None):
            reporter.check()
            reporter.advance()
            if isinstance(found, Rejection):
                rejected += 1
                first = first or found
                rejections.append(found)
                continue
            images += 1
            defects += len(found.detections)
            clean += not found.detections
            notes.add(found.path, found.missing_reference)
            with_reference += request.reference is not None and not found.missing_reference
            tables.add(found.path, found.detections)
        if not images:
            raise no_usable_image(listing, rejected, first)
        for each in sorted(rejections, key=lambda item: item.path):
            tables.reject(each)
    notes.report(images, reporter)
    return DetectedFolder(images, rejected, defects, clean, with_reference, time.perf_counter() - started)


def open_folder_finder(
    folder: Path, reference: Path | None, reporter: Reporter
) -> tuple[Listing, FolderFinder]:
    """List the images and the golden references, and return the finder for them.

    Raises
    ------
    InputError
        If a folder does not exist or has no images, or no image has a reference.
    """
    from defect_workbench.engine.detection.folder_detections import FolderFinder

    listing = scan(Path(os.path.abspath(folder)), reporter)
    if not listing.files and not listing.rejected:
        raise InputError(f"{listing.root} contains no images")
    references = None
    if reference is not None:
        references = scan(Path(os.path.abspath(reference)), reporter)
        if not references.files:
            raise InputError(f"{reference} contains no images, and should contain the golden references")
    finder = FolderFinder(listing, references)
    if references is not None and listing.files and not finder.has_references():
        raise InputError(
            f"{reference} has no golden reference for any image: references need the same relative path or "
            "the same file name as their image"
        )
    return listing, finder


def no_usable_image(listing: Listing, rejected: int, first: Rejection | None) -> InputError:
    """Return the error for a folder of which no image can be used."""
    example = "" if first is None else f"; first: {first.path}: {first.reason}"
    return InputError(
        f"no image in {listing.root} can be used ({counted(rejected, 'file')} rejected{example})"
    )


class ReferenceNotes:
    """Images that were searched without a golden reference although there are some."""

    def __init__(self) -> None:
        self._number = 0
        self._first = ""

    def add(self, path: str, reason: str) -> None:
        """Note why an image has no usable reference; an empty reason means that it has one."""
        if reason:
            self._first = self._first or f"{path}: {reason}"
            self._number += 1

    def report(self, images: int, reporter: Reporter) -> None:
        """Warn if there are such images."""
        if self._number:
            reporter.warn(
                f"{counted(self._number, 'image')} of {images:,} have no usable golden reference and were "
                f"searched without one; first: {self._first}"
            )
