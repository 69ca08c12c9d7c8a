"""Reads the images of a folder, each with its golden reference, for detection."""

from __future__ import annotations

from dataclasses import dataclass

from defect_workbench.core.arrays import Pixels
from defect_workbench.core.images.image_records import Rejection
from defect_workbench.core.images.preprocessing_steps import DEFAULT
from defect_workbench.engine.defect_map.references import References
from defect_workbench.engine.input.decode import DecodedImage, decode
from defect_workbench.engine.input.file_reading import is_too_large, read_found
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
        return with_reference(file.path, image.pixels, bar, self._references)


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
        """Return the pixels of the reference of an image of this size, grey or RGB, or None and why."""
        name = self._matcher.of(path)
        if name is None:
            return None, "it has none"
        reference = _decoded(self._listing, self._files[name])
        if isinstance(reference, Rejection):
            return None, reference.reason
        problem = other_size(reference, width, height)
        return (None, problem) if problem else (reference.pixels, "")


def with_reference(path: str, whole: Pixels, info_bar: int, references: ReferenceImages | None) -> ReadImage:
    """Return an image, grey or RGB, without an info bar of this many rows, and its golden reference."""
    reference, missing = None, ""
    if references is not None:
        reference, missing = references.of(path, whole.shape[1], whole.shape[0])
    rows = whole.shape[0] - info_bar
    return ReadImage(path, whole, whole[:rows], None if reference is None else reference[:rows], missing)


def content_of(listing: Listing, file: FoundFile) -> bytes | Rejection:
    """Return the content of a file, or why it is not read."""
    if is_too_large(file):
        return Rejection(file.path, f"too large: {file.size / 1024**3:.1f} GB; the limit is 1 GB")
    return read_found(listing.root, file)


def other_size(reference: DecodedImage, width: int, height: int) -> str:
    """Return why a golden reference does not fit an image of this size; empty if it does."""
    if (reference.width, reference.height) == (width, height):
        return ""
    return f"it has {reference.width} × {reference.height} pixels, and the image {width} × {height}"


def _decoded(listing: Listing, file: FoundFile) -> DecodedImage | Rejection:
    data = content_of(listing, file)
    if isinstance(data, Rejection):
        return data
    try:
        return decode(data, file.path)
    except (NotNow, Undecodable) as error:
        return Rejection(file.path, str(error))
