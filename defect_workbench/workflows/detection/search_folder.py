"""Find and count the defects of the images of a folder."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from defect_workbench.core.errors import InputError, WorkbenchError
from defect_workbench.core.images.detections import UNNAMED
from defect_workbench.core.images.image_records import Rejection
from defect_workbench.core.progress import Reporter
from defect_workbench.core.text import counted
from defect_workbench.engine.input.scan import Listing
from defect_workbench.workflows.klarf.image_listing import ImageSource, list_images, list_references

if TYPE_CHECKING:
    from defect_workbench.engine.detection.folder_detections import Finder, FolderFinder
    from defect_workbench.engine.detection.folder_images import FolderImages


@dataclass(frozen=True)
class DetectRequest:
    """What to search for defects, and where to write the result.

    Attributes
    ----------
    reference : Path or None
        Folder of golden references; without one, those that inspection files name.
    overlays : bool
        Also write each image with its boxes.
    model : Path or None
        A trained detector; by default the classical finder, which needs no training.
    boxes_as : str
        Also write the boxes in this format, a name of `BOX_FORMATS`; empty for none.
    """

    source: ImageSource
    out: Path
    reference: Path | None = None
    overlays: bool = False
    model: Path | None = None
    boxes_as: str = ""


@dataclass(frozen=True)
class DetectedFolder:
    """What was found.

    Attributes
    ----------
    images, rejected, clean : int
        Images that were searched, files that were not used, and images without a defect.
    labels : mapping of str to int
        Number of defects of each kind.
    with_reference : int
        Images that were compared with a golden reference.
    seconds : float
        Duration of the search.
    """

    images: int
    rejected: int
    clean: int
    labels: Mapping[str, int]
    with_reference: int
    seconds: float

    @property
    def defects(self) -> int:
        """Number of all defects."""
        return sum(self.labels.values())


def detect(request: DetectRequest, reporter: Reporter) -> DetectedFolder:
    """Find the defects of the images of a folder, and write them to a new result folder.

    Raises
    ------
    InputError
        If a folder does not exist, no image can be used, or the result folder is not empty.
    WorkbenchError
        If the result folder cannot be written.
    """
    from defect_workbench.storage.boxes.box_format import BoxedImage
    from defect_workbench.storage.boxes.formats.registry import BOX_FORMATS
    from defect_workbench.storage.result.detection_tables import writing_detections
    from defect_workbench.workflows.export import check_out

    check_out(request.out)
    searched = open_finder(request.source, request.reference, request.model, reporter)
    listing = searched.listing
    started = time.perf_counter()
    images = clean = with_reference = 0
    numbers = dict.fromkeys(searched.labels, 0)
    rejections = list(listing.rejected)
    notes = ReferenceNotes()
    boxed: list[BoxedImage] = []
    with writing_detections(request.out, searched.labels) as tables:
        reporter.stage("Searching for defects", len(listing.files))
        for found in searched.finder.run(tables.draw if request.overlays else None):
            reporter.check()
            reporter.advance()
            if isinstance(found, Rejection):
                rejections.append(found)
                continue
            images += 1
            for each in found.detections:
                numbers[each.box.label] += 1
            clean += not found.detections
            notes.add(found.path, found.missing_reference)
            with_reference += searched.with_references and not found.missing_reference
            tables.add(found.path, found.detections)
            if request.boxes_as:
                boxes = tuple(each.box for each in found.detections)
                boxed.append(BoxedImage(found.path, found.width, found.height, boxes))
        if not images:
            raise no_usable_image(listing.root, rejections)
        if request.boxes_as:
            tables.write_boxes(BOX_FORMATS[request.boxes_as], boxed)
        for rejection in sorted(rejections, key=lambda item: item.path):
            tables.reject(rejection)
    notes.report(images, reporter)
    seconds = time.perf_counter() - started
    return DetectedFolder(images, len(rejections), clean, numbers, with_reference, seconds)


@dataclass(frozen=True, eq=False)
class OpenFinder:
    """The images of a folder, and what finds their defects.

    Attributes
    ----------
    labels : tuple of str
        The kinds of defects that can be found.
    with_references : bool
        Whether there are golden references.
    """

    images: FolderImages
    finder: FolderFinder
    labels: tuple[str, ...]
    with_references: bool = False

    @property
    def listing(self) -> Listing:
        """The images, without their content."""
        return self.images.listing


def open_finder(
    source: ImageSource, reference: Path | None, model: Path | None, reporter: Reporter
) -> OpenFinder:
    """List the images and the golden references, and return the finder for them.

    Raises
    ------
    InputError
        If a folder does not exist or has no images, no image has a reference, or the model was trained with
        references and there are none, or the other way round.
    WorkbenchError
        If the model cannot be read.
    """
    from defect_workbench.engine.detection.folder_detections import FolderFinder

    listed = list_images(source, reporter)
    offered = None if listed.klarf is None else listed.klarf.references
    detector = finder_of(model, reference, reporter, offered=offered is not None)
    found = list_references(reference, reporter)
    if found is None and (model is None or detector.needs_reference):
        found = offered
    images = open_images(listed.listing, found, reference)
    finder = FolderFinder(images, detector.find, needs_reference=detector.needs_reference)
    return OpenFinder(images, finder, detector.labels, found is not None)


@dataclass(frozen=True, eq=False)
class Detector:
    """What finds defects, whichever it is.

    Attributes
    ----------
    find : callable
        Returns the defects of the pixels of an image and its golden reference.
    labels : tuple of str
        The kinds of defects that can be found.
    needs_reference : bool
        Whether images without a golden reference cannot be searched.
    """

    find: Finder
    labels: tuple[str, ...]
    needs_reference: bool = False


def finder_of(
    model: Path | None, reference: Path | None, reporter: Reporter, *, offered: bool = False
) -> Detector:
    """Return a trained detector, or without a model the classical finder.

    Parameters
    ----------
    offered : bool
        Whether there are golden references that may be used, although no option requests it.

    Raises
    ------
    InputError
        If the model was trained with references and there are none, or the other way round.
    WorkbenchError
        If the model cannot be read.
    """
    if model is None:
        from defect_workbench.engine.detection.finder import find_defects

        return Detector(find_defects, (UNNAMED,))

    from defect_workbench.engine.detector.trained_finder import TrainedFinder
    from defect_workbench.storage.model.detector_file import read_detector

    reporter.stage("Loading the detector", None)
    trained = read_detector(model)
    settings = trained.settings
    with_references = reference is not None or (offered and settings.with_references)
    if settings.with_references != with_references:
        raise InputError(
            f"{model} was trained with golden references and needs them: give the folder of references"
            if settings.with_references
            else f"{model} was trained without golden references: leave them out"
        )
    try:
        finder = TrainedFinder(trained)
    except ValueError as error:
        raise WorkbenchError(f"the model {model} is damaged ({error}); train it again") from error
    return Detector(finder, settings.labels, settings.with_references)


def open_images(listing: Listing, references: Listing | None, reference: Path | None) -> FolderImages:
    """Return listed images with their golden references.

    Parameters
    ----------
    reference : Path or None
        Where the references are, if they were asked for: then at least one image must have one.

    Raises
    ------
    InputError
        If there are no images, or no image has a reference.
    """
    from defect_workbench.engine.detection.folder_images import FolderImages

    if not listing.files and not listing.rejected:
        raise InputError(f"{listing.root} contains no images")
    images = FolderImages(listing, references)
    if reference is not None and listing.files and not images.has_references():
        raise no_reference_for_any(reference)
    return images


def no_usable_image(root: Path, rejected: Sequence[Rejection]) -> InputError:
    """Return the error for a folder of which no image can be used."""
    example = f"; first: {rejected[0].path}: {rejected[0].reason}" if rejected else ""
    return InputError(f"no image in {root} can be used ({counted(len(rejected), 'file')} rejected{example})")


def no_reference_for_any(reference: Path | str) -> InputError:
    """Return the error for a folder of golden references none of which belongs to an image."""
    return InputError(
        f"{reference} has no golden reference for any image: references need the same relative path or the "
        "same file name as their image"
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
