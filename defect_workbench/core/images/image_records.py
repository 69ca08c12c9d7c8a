"""Records of the images of a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from defect_workbench.core.images.defect_items import DefectOrigin, SearchedImage
from defect_workbench.core.images.image_locations import Location, file_of_page
from defect_workbench.core.images.instrument import InstrumentMetadata
from defect_workbench.core.images.measurements import Measurements


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """One accepted image.

    Attributes
    ----------
    path : str
        Relative to the folder that was opened, with '/' as separator.
    sha256 : str
        Of the file's bytes, 64 hexadecimal digits.
    width, height : int
        In pixels, after the EXIF rotation.
    note : str
        A remark on how the file was read; usually empty.
    tool : InstrumentMetadata or None
        Metadata that the instrument recorded; None if there are none.
    info_bar : int
        Rows at the bottom that were cropped before features were computed.
    measured : Measurements or None
        Of its defects, in nanometres if the pixel size is known, else in pixels; None if it was not
        measured.
    origin : DefectOrigin or None
        For the image of a single defect: what it was cut out of. Its path is then that of the defect, and its
        hash that of its pixels.
    page : int
        Of the file, from 1, if the file holds several images; else 0. The path is then `FILE#PAGE`, and the
        hash that of the pixels.
    """

    path: str
    sha256: str
    width: int
    height: int
    note: str = ""
    tool: InstrumentMetadata | None = None
    info_bar: int = 0
    measured: Measurements | None = None
    origin: DefectOrigin | None = None
    page: int = 0

    @property
    def whole(self) -> str:
        """The path of the whole image: for a defect, that of its parent."""
        return self.path if self.origin is None else self.origin.parent

    @property
    def file(self) -> str:
        """The path of the file that shows the image."""
        return file_of_page(self.whole, self.page)

    @property
    def location(self) -> str:
        """The path of the file, with the page and the part of it that is the image."""
        return str(Location(self.file, self.page, None if self.origin is None else self.origin.window))

    @property
    def is_whole_file(self) -> bool:
        """Whether the image is all that its file contains."""
        return self.origin is None and not self.page

    @property
    def info_bar_share(self) -> float:
        """The share of the height, at the bottom, that was cropped before features were computed."""
        return self.info_bar / self.height


# Reasons that concern the location of a file, not its content.
IN_HIDDEN_FOLDER = "it lies in a hidden folder"
IN_RESULTS = "it lies in a folder of results of this program"
PASSED_OVER = frozenset({IN_HIDDEN_FOLDER, IN_RESULTS})


@dataclass(frozen=True, slots=True)
class Rejection:
    """A file with the name of an image that was not used, with the reason."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class FileStamp:
    """The state of a file when its content was hashed.

    Attributes
    ----------
    size : int
        In bytes.
    mtime_ns : int
        Time of the last change, nanoseconds.
    sha256 : str
        Of the content.
    changed_ns, inode : int
        Time of the last change of the file or its name, and its inode: they reveal two files that swapped
        names, which keep size and time. -1 in files of earlier versions.
    """

    size: int
    mtime_ns: int
    sha256: str
    changed_ns: int = -1
    inode: int = -1


@dataclass(frozen=True)
class ImageSet:
    """The accepted images of a folder, ordered by path, and the rejected files.

    Attributes
    ----------
    folders : tuple of str
        The folders below `root` that the images come from, with '/' as separator; ("",) is the root itself.
        Several lots may share a root that contains other folders.
    searched : tuple of SearchedImage
        If the images are single defects: the images in which they were found, clean ones included, ordered by
        path; else empty.
    """

    root: Path
    images: Sequence[ImageRecord]
    rejected: Sequence[Rejection]
    folders: tuple[str, ...] = ("",)
    searched: tuple[SearchedImage, ...] = ()

    def __len__(self) -> int:
        return len(self.images)

    @property
    def name(self) -> str:
        """What to call the set: its folder, or the folders that were put together."""
        if self.folders == ("",):
            return self.root.name or "/"
        first, *others = self.folders
        if len(others) < 2:
            return " + ".join((first, *others))
        return f"{first} + {len(others)} more folders"

    def beside(self, ending: str) -> Path:
        """Return a path beside the (first) folder of the images, named after the set, with this ending."""
        return (self.root / self.folders[0]).with_name(self.name.replace("/", "-") + ending)

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """The paths of the accepted images."""
        return tuple(image.path for image in self.images)

    @cached_property
    def locations(self) -> tuple[str, ...]:
        """The location of each image below the root."""
        return tuple(image.location for image in self.images)

    @property
    def are_defects(self) -> bool:
        """Whether the images are single defects."""
        return bool(self.searched)

    @property
    def noun(self) -> str:
        """What one of the images is called where they are counted."""
        return "defect" if self.are_defects else "image"

    @property
    def has_pages(self) -> bool:
        """Whether some images are pages of a file."""
        return any(image.page for image in self.images)

    @property
    def wholes(self) -> tuple[tuple[str, int], ...]:
        """Path and page of each whole image: of the images, or of those in which defects were searched."""
        return tuple((each.path, each.page) for each in (self.searched or self.images))

    def absolute(self, index: int) -> Path:
        """Return where image `index` can be read: its file, with a fragment for a part of it."""
        return self.root / self.images[index].location

    def file(self, index: int) -> Path:
        """Return the file that shows image `index`."""
        return self.root / self.images[index].file
