"""Finds the defects of the images of a folder, one image after the other."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from defect_workbench.core.arrays import Pixels
from defect_workbench.core.images.detections import Detection
from defect_workbench.core.images.image_records import Rejection
from defect_workbench.core.images.preprocessing_steps import DEFAULT
from defect_workbench.engine.defect_map.references import References
from defect_workbench.engine.defect_map.subjects import in_order
from defect_workbench.engine.detection.finder import find_defects
from defect_workbench.engine.extraction.image_reader import MAX_FILE_BYTES
from defect_workbench.engine.input.decode import DecodedImage, decode
from defect_workbench.engine.input.file_reading import read_found
from defect_workbench.engine.input.formats.image_format import NotNow, Undecodable
from defect_workbench.engine.input.scan import FoundFile, Listing
from defect_workbench.engine.preprocessing.info_bar import found_rows, rows_to_leave_out

log = logging.getLogger(__name__)

# Results are small, but each thread holds an image and a dozen arrays of its size.
_AHEAD = 8

OnImage = Callable[[str, Pixels, tuple[Detection, ...]], None]


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
    missing_reference : str
        Why no golden reference was used although there are some; empty otherwise.
    """

    path: str
    width: int
    height: int
    detections: tuple[Detection, ...]
    missing_reference: str = ""


class FolderFinder:
    """Finds the defects of images with the classical finder.

    Parameters
    ----------
    listing : Listing
        The images.
    references : Listing, optional
        The golden references.
    """

    def __init__(self, listing: Listing, references: Listing | None = None) -> None:
        self._listing = listing
        self._references = references
        self._matcher = None if references is None else References(references)
        self._reference_files = {} if references is None else {file.path: file for file in references.files}

    def has_references(self) -> bool:
        """Whether at least one image has a golden reference, judged by the names."""
        matcher = self._matcher
        return matcher is not None and any(matcher.of(file.path) for file in self._listing.files)

    def run(self, on_image: OnImage | None = None) -> Iterator[ImageDetections | Rejection]:
        """Yield the defects of each image in the order of the listing, or why it cannot be used.

        Parameters
        ----------
        on_image : callable, optional
            Called with the path, the pixels and the defects of each image, from several threads.
        """
        return in_order(lambda file: self._found(file, on_image), self._listing.files, _AHEAD)

    def _found(self, file: FoundFile, on_image: OnImage | None) -> ImageDetections | Rejection:
        image = _decoded(self._listing, file)
        if isinstance(image, Rejection):
            return image
        bar = rows_to_leave_out(image.height, found_rows(image.pixels, image.tool), DEFAULT)
        rows = image.height - bar
        reference, missing = self._reference(file.path, image)
        try:
            found = find_defects(image.pixels[:rows], None if reference is None else reference[:rows])
        except Exception as error:  # a bug that affects one image must not stop the others
            log.exception("the defects of %s cannot be searched", file.path)
            reason = "not enough memory" if isinstance(error, MemoryError) else type(error).__name__
            return Rejection(file.path, f"its defects cannot be searched ({reason}); the log has details")
        if on_image is not None:
            on_image(file.path, image.pixels, found)
        return ImageDetections(file.path, image.width, image.height, found, missing)

    def _reference(self, path: str, image: DecodedImage) -> tuple[Pixels | None, str]:
        """Return the pixels of the golden reference of an image, and why there are none."""
        if self._matcher is None or self._references is None:
            return None, ""
        name = self._matcher.of(path)
        if name is None:
            return None, "it has none"
        reference = _decoded(self._references, self._reference_files[name])
        if isinstance(reference, Rejection):
            return None, reference.reason
        if (reference.width, reference.height) != (image.width, image.height):
            size = f"{reference.width} × {reference.height}"
            return None, f"it has {size} pixels, and the image {image.width} × {image.height}"
        return reference.pixels, ""


def _decoded(listing: Listing, file: FoundFile) -> DecodedImage | Rejection:
    if file.size > MAX_FILE_BYTES:
        return Rejection(file.path, f"too large: {file.size / 1024**3:.1f} GB; the limit is 1 GB")
    data = read_found(listing.root, file)
    if isinstance(data, Rejection):
        return data
    try:
        return decode(data, file.path)
    except (NotNow, Undecodable) as error:
        return Rejection(file.path, str(error))
