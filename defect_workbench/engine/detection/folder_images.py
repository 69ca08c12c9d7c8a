"""Reads the images of a folder, each with its golden reference, for detection."""

from __future__ import annotations

from dataclasses import dataclass

from defect_workbench.core.arrays import Pixels
from defect_workbench.core.images.image_records import Rejection
from defect_workbench.core.images.preprocessing_steps import DEFAULT
from defect_workbench.engine.defect_map.references import References
from defect_workbench.engine.extraction.image_reader import MAX_FILE_BYTES
from defect_workbench.engine.input.decode import DecodedImage, decode
from defect_workbench.engine.input.file_reading import read_found
from defect_workbench.engine.input.formats.image_format import NotNow, Undecodable
from defect_workbench.engine.input.scan import FoundFile, Listing
from defect_workbench.engine.preprocessing.info_bar import found_rows, rows_to_leave_out


@dataclass(frozen=True, eq=False)
class ReadImage:
    """An image to search for defects.

    Attributes
    ----------
    path : str
        Relative to the folder of images.
    whole : (height, width) or (height, width, 3) uint8
        With its info bar.
    pixels : uint8 array
        Without it.
    reference : uint8 array or None
        The golden reference of `pixels`.
    missing_reference : str
        Why there is no golden reference although there are some; empty otherwise.
    """

    path: str
    whole: Pixels
    pixels: Pixels
    reference: Pixels | None = None
    missing_reference: str = ""


class FolderImages:
    """The images of a folder, and their golden references.

    Parameters
    ----------
    listing : Listing
        The images.
    references : Listing, optional
        The golden references.
    """

    def __init__(self, listing: Listing, references: Listing | None = None) -> None:
        self.listing = listing
        self._references = None if references is None else ReferenceImages(references)

    def has_references(self) -> bool:
        """Whether at least one image has a golden reference, judged by the names."""
        references = self._references
        return references is not None and any(references.has(file.path) for file in self.listing.files)

    def read(self, file: FoundFile) -> ReadImage | Rejection:
        """Read an image and its reference; several threads may call this."""
        image = _decoded(self.listing, file)
        if isinstance(image, Rejection):
            return image
        bar = rows_to_leave_out(image.height, found_rows(image.pixels, image.tool), DEFAULT)
        rows = image.height - bar
        reference, missing = None, ""
        if self._references is not None:
            reference, missing = self._references.of(file.path, image.width, image.height)
        golden = None if reference is None else reference[:rows]
        return ReadImage(file.path, image.pixels, image.pixels[:rows], golden, missing)


class ReferenceImages:
    """Golden references in a folder.

    Parameters
    ----------
    listing : Listing
        The files of the folder.
    """

    def __init__(self, listing: Listing) -> None:
        self._listing = listing
        self._matcher = References(listing)
        self._files = {file.path: file for file in listing.files}

    def has(self, path: str) -> bool:
        """Whether an image has a reference, judged by the names."""
        return self._matcher.of(path) is not None

    def of(self, path: str, width: int, height: int) -> tuple[Pixels | None, str]:
        """Return the pixels of the reference of an image of this size, or None and the reason."""
        name = self._matcher.of(path)
        if name is None:
            return None, "it has none"
        reference = _decoded(self._listing, self._files[name])
        if isinstance(reference, Rejection):
            return None, reference.reason
        if (reference.width, reference.height) != (width, height):
            size = f"{reference.width} × {reference.height}"
            return None, f"it has {size} pixels, and the image {width} × {height}"
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
