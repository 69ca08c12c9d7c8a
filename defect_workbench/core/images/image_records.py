"""The images of a folder, as the rest of the program knows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from defect_workbench.core.images.instrument import ToolFacts
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
        What the person should know about how it was read; empty if nothing.
    tool : ToolFacts or None
        What the microscope says about it; None if nothing.
    info_bar : int
        Rows at its bottom that were left out of the features.
    measured : Measurements or None
        Of its defects, in nanometres where the pixel size is known, else in pixels; None where it was
        not measured.
    """

    path: str
    sha256: str
    width: int
    height: int
    note: str = ""
    tool: ToolFacts | None = None
    info_bar: int = 0
    measured: Measurements | None = None


# Reasons that lie in where a file is, and not in the file.
IN_HIDDEN_FOLDER = "it lies in a hidden folder"
IN_RESULTS = "it lies in a folder of results of this program"
PASSED_OVER = frozenset({IN_HIDDEN_FOLDER, IN_RESULTS})


@dataclass(frozen=True, slots=True)
class Rejection:
    """A file that looked like an image and was not used, with the reason in words."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class FileStamp:
    """A file as it was when its content was hashed.

    Attributes
    ----------
    size : int
        In bytes.
    mtime_ns : int
        Time of the last change, nanoseconds.
    sha256 : str
        Of the content.
    changed_ns, inode : int
        Time of the last change of the file or its name, and its number on the disk: two files that swap
        names keep size and time. -1 where an earlier version did not look.
    """

    size: int
    mtime_ns: int
    sha256: str
    changed_ns: int = -1
    inode: int = -1


@dataclass(frozen=True)
class ImageSet:
    """A folder's accepted images in the order of their paths, and the files left out.

    Attributes
    ----------
    folders : tuple of str
        Where below `root` the images come from, '/' as separator; ("",) is the root itself. Several
        lots may share a root that holds much else.
    """

    root: Path
    images: Sequence[ImageRecord]
    rejected: Sequence[Rejection]
    folders: tuple[str, ...] = ("",)

    def __len__(self) -> int:
        return len(self.images)

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """Of the accepted images."""
        return tuple(image.path for image in self.images)

    def absolute(self, index: int) -> Path:
        """The file of image `index`."""
        return self.root / self.images[index].path
