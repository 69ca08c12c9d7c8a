"""Finds the defects of the images of a folder, one image after the other."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from defect_workbench.core.arrays import Pixels
from defect_workbench.core.images.detections import Detection
from defect_workbench.core.images.image_records import Rejection
from defect_workbench.core.ordered_threads import in_order
from defect_workbench.engine.detection.finder import find_defects
from defect_workbench.engine.detection.folder_images import FolderImages, ReadImage
from defect_workbench.engine.input.scan import FoundFile

log = logging.getLogger(__name__)

# Results are small, but each thread holds an image and a dozen arrays of its size.
AHEAD = 8
# The score of a defect at the threshold, of every finder.
THRESHOLD = 0.5

OnImage = Callable[[str, Pixels, tuple[Detection, ...]], None]
Finder = Callable[[Pixels, Pixels | None], tuple[Detection, ...]]


@dataclass(frozen=True, slots=True)
class ImageDetections:
    """The defects of one image.

    Attributes
    ----------
    path : str
        Relative to the folder of images.
    width, height : int
        In pixels.
    detections : tuple of Detection
        Those with the highest score first.
    unsure : tuple of Detection
        Possible defects below the threshold, which only an evaluation needs.
    missing_reference : str
        Why no golden reference was used although there are some; empty otherwise.
    """

    path: str
    width: int
    height: int
    detections: tuple[Detection, ...]
    unsure: tuple[Detection, ...] = ()
    missing_reference: str = ""


class FolderFinder:
    """Finds the defects of images.

    Parameters
    ----------
    images : FolderImages
    find : callable
        Returns the defects of the pixels of an image and its golden reference; by default the classical
        finder.
    needs_reference : bool
        Whether images without a golden reference are rejected.
    """

    def __init__(
        self, images: FolderImages, find: Finder = find_defects, *, needs_reference: bool = False
    ) -> None:
        self._images = images
        self._find = find
        self._needs_reference = needs_reference

    def run(self, on_image: OnImage | None = None) -> Iterator[ImageDetections | Rejection]:
        """Yield the defects of each image in the order of the listing, or why it cannot be used.

        Parameters
        ----------
        on_image : callable, optional
            Called with the path, the pixels and the defects of each image, from several threads.
        """
        return in_order(lambda file: self._found(file, on_image), self._images.listing.files, AHEAD)

    def _found(self, file: FoundFile, on_image: OnImage | None) -> ImageDetections | Rejection:
        image = self._images.read(file)
        found = searched(image, self._find, needs_reference=self._needs_reference)
        if on_image is not None and not isinstance(image, Rejection) and not isinstance(found, Rejection):
            on_image(file.path, image.whole, found.detections)
        return found


def searched(
    image: ReadImage | Rejection, find: Finder, *, needs_reference: bool
) -> ImageDetections | Rejection:
    """Return the defects of an image, or why it cannot be searched.

    A bug that affects one image does not stop the others.
    """
    if isinstance(image, Rejection):
        return image
    if needs_reference and image.reference is None:
        return Rejection(image.path, no_reference(image.missing_reference))
    try:
        possible = find(image.pixels, image.reference)
    except Exception as error:
        log.exception("the defects of %s cannot be searched", image.path)
        reason = "not enough memory" if isinstance(error, MemoryError) else type(error).__name__
        return Rejection(image.path, f"its defects cannot be searched ({reason}); the log has details")
    found = tuple(each for each in possible if each.score >= THRESHOLD)
    unsure = tuple(each for each in possible if each.score < THRESHOLD)
    height, width = image.whole.shape[:2]
    return ImageDetections(image.path, width, height, found, unsure, image.missing_reference)


def no_reference(why: str) -> str:
    """Return why an image without a golden reference is rejected where one is needed."""
    return f"the model needs its golden reference: {why}"
