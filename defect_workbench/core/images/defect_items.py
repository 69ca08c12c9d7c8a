"""Defects as items: each defect that the finder found is an image of the set, cut out of its parent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from defect_workbench.core.images.image_locations import Rectangle, exported_page_name


class Items(StrEnum):
    """What is grouped."""

    PICTURES = "pictures"
    """Whole images."""
    DEFECTS = "defects"
    """The defects that the finder finds in them."""


# `#2` would be the second page of a file.
_ITEM = re.compile(r"(?P<parent>.+)#d(?P<number>[1-9]\d*)\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class DefectOrigin:
    """Where the image of a defect was cut out.

    Attributes
    ----------
    parent : str
        Path of the image in which the defect was found, relative to the folder that was opened.
    number : int
        The number of the defect in its parent, from 1, from top to bottom.
    box : tuple of int
        The box of the defect: x1, y1, x2, y2, in pixels of the parent, with the last two outside.
    window : tuple of int
        What was cut out, in the same order: the box with a margin.
    """

    parent: str
    number: int
    box: Rectangle
    window: Rectangle


@dataclass(frozen=True, slots=True)
class SearchedImage:
    """An image in which defects were searched.

    Attributes
    ----------
    path : str
        Relative to the folder that was opened.
    sha256 : str
        Of the file's content.
    width, height : int
        In pixels.
    defects : int
        How many were found; 0 for a clean image.
    page : int
        Of its file, from 1; 0 for a file with one image.
    """

    path: str
    sha256: str
    width: int
    height: int
    defects: int
    page: int = 0


def item_path(parent: str, number: int) -> str:
    """Return the path of a defect, such as `lot/a.png#d3`: the third defect of `lot/a.png`."""
    return f"{parent}#d{number}"


def exported_name(origin: DefectOrigin, page: int = 0) -> str:
    """Return the file name of an exported defect, such as `a-defect-03.png`.

    Parameters
    ----------
    page : int
        That its parent has in its file; 0 if it is the whole file.
    """
    name = exported_page_name(origin.parent, page) if page else origin.parent.rsplit("/", 1)[-1]
    stem = name.rpartition(".")[0] or name
    return f"{stem}-defect-{origin.number:02d}.png"


def is_item_path(path: str) -> bool:
    """Whether a path is that of a defect."""
    return _ITEM.match(path) is not None
