"""Read the images of a set, their references, and clean images, as subjects of defect maps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from defect_workbench.core.arrays import Pixels
from defect_workbench.core.images.image_records import ImageSet, Rejection
from defect_workbench.core.images.preprocessing_steps import Preprocessing
from defect_workbench.core.ordered_threads import in_order
from defect_workbench.engine.defect_map.describe import Subject
from defect_workbench.engine.defect_map.references import References
from defect_workbench.engine.extraction.reading_again import preprocessed_as_extracted, read_pixels
from defect_workbench.engine.input.decode import decode
from defect_workbench.engine.input.file_reading import content_sha256, read_found
from defect_workbench.engine.input.formats.image_format import NotNow, Undecodable
from defect_workbench.engine.input.scan import FoundFile, Listing
from defect_workbench.engine.preprocessing.feature_input import preprocessed
from defect_workbench.engine.preprocessing.info_bar import found_rows, rows_to_leave_out


@dataclass(frozen=True)
class ReferenceFile:
    """The golden reference of an image that can be used: its file, and the SHA-256 of the content."""

    file: FoundFile
    sha256: str


def read_subject(
    images: ImageSet,
    index: int,
    processing: Preprocessing,
    number: int | None = None,
    reference: tuple[Path, ReferenceFile] | None = None,
) -> Subject:
    """Read an image, and its reference if there is one.

    Parameters
    ----------
    number : int, optional
        Its number in the patch bank.
    reference : tuple of Path and ReferenceFile, optional
        The folder of references, and the file. A reference that changed in the meantime is not used.

    Raises
    ------
    WorkbenchError
        If the image can no longer be read.
    """
    pixels = preprocessed_as_extracted(images, index, read_pixels(images, index), processing).pixels
    golden: Pixels | None = None
    if reference is not None:
        data = read_found(reference[0], reference[1].file)
        if not isinstance(data, Rejection) and content_sha256(reference[1].file, data) == reference[1].sha256:
            decoded = decode(data, reference[1].file.path).pixels
            golden = preprocessed_as_extracted(images, index, decoded, processing).pixels
    return Subject(pixels, golden, number)


def find_references(
    images: ImageSet, references: References, listing: Listing
) -> tuple[dict[int, ReferenceFile], list[Rejection]]:
    """Return the usable reference of each image by its index, and why others cannot be used."""
    files = {file.path: file for file in listing.files}
    named = {i: path for i, image in enumerate(images.images) if (path := references.of(image.path))}

    def check(item: tuple[int, str]) -> ReferenceFile | Rejection:
        index, path = item
        data = read_found(listing.root, files[path])
        if isinstance(data, Rejection):
            return data
        try:
            decoded = decode(data, path)
        except (NotNow, Undecodable) as error:
            return Rejection(path, str(error))
        image = images.images[index]
        if (decoded.width, decoded.height) != (image.width, image.height):
            return Rejection(
                path,
                f"it has {decoded.width} × {decoded.height} pixels, and the image "
                f"{image.width} × {image.height}",
            )
        return ReferenceFile(files[path], content_sha256(files[path], data))

    usable: dict[int, ReferenceFile] = {}
    rejected: list[Rejection] = list(listing.rejected)
    for index, found in zip(named, in_order(check, named.items()), strict=True):
        if isinstance(found, Rejection):
            rejected.append(found)
        else:
            usable[index] = found
    return usable, rejected


def read_clean(
    root: Path, files: Sequence[FoundFile], processing: Preprocessing
) -> Iterator[tuple[str, Subject] | Rejection]:
    """Read clean images, each with the SHA-256 of its content, or the reason why it cannot be used."""

    def read(item: tuple[int, FoundFile]) -> tuple[str, Subject] | Rejection:
        number, file = item
        data = read_found(root, file)
        if isinstance(data, Rejection):
            return data
        try:
            decoded = decode(data, file.path)
        except (NotNow, Undecodable) as error:
            return Rejection(file.path, str(error))
        bar = rows_to_leave_out(decoded.height, found_rows(decoded.pixels, decoded.tool), processing)
        size = decoded.tool.pixel_size_nm
        ready = preprocessed(decoded.pixels, processing, bar_rows=bar, pixel_size_nm=size)
        return content_sha256(file, data), Subject(ready.pixels, None, number)

    return in_order(read, enumerate(files))
