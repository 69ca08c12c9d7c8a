"""Interface of the formats of box files."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from defect_workbench.core.images.detections import Box
from defect_workbench.core.images.path_matching import without_extension
from defect_workbench.core.text import printable

MOST_ENTRIES = 2_000_000


class UnreadableBoxes(Exception):
    """A box file, or what it says about one image, cannot be used; the message is the reason.

    Parameters
    ----------
    line : int
        From 1; 0 if the reason concerns the whole file.
    """

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(reason)
        self.line = line


@dataclass(frozen=True, slots=True)
class Entry:
    """A box as it is written in a file, unchecked.

    Attributes
    ----------
    line : int
        Where it begins in the file, from 1.
    corners : tuple of float
        Left, top, right, bottom.
    label : str
    image : str
        The image as the file names it; empty where the name of the file says it.
    problem : str
        Why the entry is not a box; empty if it is one.
    relative : bool
        Whether corners are shares of the width and height of the image instead of pixels.
    """

    line: int
    corners: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    label: str = ""
    image: str = ""
    problem: str = ""
    relative: bool = False


@dataclass(frozen=True, slots=True)
class Parsed:
    """The content of a box file.

    Attributes
    ----------
    entries : sequence of Entry
    images : sequence of str
        The images that the file lists, even without a box; empty where the name of the file says it.
    """

    entries: Sequence[Entry]
    images: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class BoxedImage:
    """The boxes of an image, to be written.

    Attributes
    ----------
    path : str
        Relative to the folder of images, with `/`.
    width, height : int
        In pixels.
    boxes : sequence of Box
    """

    path: str
    width: int
    height: int
    boxes: Sequence[Box]


@dataclass(frozen=True)
class BoxFormat:
    """A format of box files.

    Attributes
    ----------
    name : str
        Used on the command line.
    label : str
        For messages and help texts.
    extension : str
        Of its files, lower case, with the dot.
    most_bytes : int
        Larger files are not read.
    recognises : callable
        Returns whether the text of a file may be of this format; must not raise.
    parse : callable
        Returns the content of a file from its text and the names of its classes (empty unless the format has
        them in a separate file).

        Raises `UnreadableBoxes` if the file as a whole is not of this format; a wrong entry is an `Entry`
        with a problem.
    write : callable
        Returns the content of the box files of some images, by name; images without boxes are among them.
    names_file : str
        The file in the folder that lists the class names, one per line; empty if the format has none.
    """

    name: str
    label: str
    extension: str
    most_bytes: int
    recognises: Callable[[str], bool]
    parse: Callable[[str, Sequence[str]], Parsed]
    write: Callable[[Sequence[BoxedImage]], Mapping[str, str]]
    names_file: str = ""


def numbers_of(values: Sequence[object]) -> tuple[float, ...]:
    """Return finite numbers from text or JSON values.

    Raises
    ------
    ValueError
        If one is not a finite number; the message says which.
    """
    found = []
    for value in values:
        try:
            if isinstance(value, bool) or not isinstance(value, str | int | float):
                raise ValueError
            number = float(value)
        except (ValueError, OverflowError):
            raise ValueError(f"{value!r:.40} is not a number") from None
        if not math.isfinite(number):
            raise ValueError(f"{value!r:.40} is not a finite number")
        found.append(number)
    return tuple(found)


def corners_of(values: Sequence[object]) -> tuple[float, float, float, float]:
    """Return the four corners of a box; raises ValueError as `numbers_of` does."""
    left, top, right, bottom = numbers_of(values)
    return left, top, right, bottom


def lines_of(text: str) -> list[tuple[int, str]]:
    """Return the lines of a text that are not empty, with their numbers from 1."""
    lines = enumerate(text.split("\n"), start=1)
    return [(number, line.strip()) for number, line in lines if line.strip()]


def one_file_each(
    images: Sequence[BoxedImage], extension: str, text_of: Callable[[BoxedImage], str]
) -> dict[str, str]:
    """Return a file for each image, with its path but another extension; both if two images share a name."""
    stems = [without_extension(image.path) for image in images]
    shared = Counter(stems)
    return {
        (stem if shared[stem] == 1 else image.path) + extension: text_of(image)
        for image, stem in zip(images, stems, strict=True)
    }


def labels_of(images: Sequence[BoxedImage]) -> list[str]:
    """Return the labels of all boxes, in alphabetical order."""
    return sorted({box.label for image in images for box in image.boxes})


def one_line(text: str) -> str:
    """Return a label without line ends and other control characters."""
    return " ".join(printable(text).split()) or "_"
