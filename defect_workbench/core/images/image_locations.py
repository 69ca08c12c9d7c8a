"""Where an image is: a file, a page of a file, or a part of either."""

from __future__ import annotations

import re
from dataclasses import dataclass

Rectangle = tuple[int, int, int, int]

# Fragments as in W3C's Media Fragments URI 1.0: left, top, width, height; and as in RFC 3778: page.
_FRAGMENT = re.compile(
    r"(?P<path>.+)#(?=[px])(?:page=(?P<page>[1-9]\d{0,8}))?(?:(?:(?<!#)&)?xywh="
    r"(?P<left>\d{1,6}),(?P<top>\d{1,6}),(?P<width>\d{1,6}),(?P<height>\d{1,6}))?\Z",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Location:
    """Where an image is.

    Attributes
    ----------
    path : str
        Of the file.
    page : int
        Of the file, from 1; 0 for a file with one image.
    window : tuple of int or None
        The part of the image: x1, y1, x2, y2; None for all of it.
    """

    path: str
    page: int = 0
    window: Rectangle | None = None

    def __str__(self) -> str:
        parts = [f"page={self.page}"] if self.page else []
        if self.window is not None:
            x1, y1, x2, y2 = self.window
            parts.append(f"xywh={x1},{y1},{x2 - x1},{y2 - y1}")
        return f"{self.path}#{'&'.join(parts)}" if parts else self.path


def parse_location(text: str) -> Location:
    """Return the location that a text describes, as `str(Location(...))` writes it."""
    found = _FRAGMENT.match(text)
    if found is None:
        return Location(text)
    window = None
    if found.group("left") is not None:
        left, top, width, height = (int(found.group(name)) for name in ("left", "top", "width", "height"))
        window = left, top, left + width, top + height
    return Location(found.group("path"), int(found.group("page") or 0), window)


def page_path(file: str, page: int) -> str:
    """Return the path of the image on a page, such as `lot.tif#3`; page 0 stands for the file itself."""
    return f"{file}#{page}" if page else file


def file_of_page(path: str, page: int) -> str:
    """Return the path of the file of the image on a page: the reverse of `page_path`."""
    return path.removesuffix(f"#{page}") if page else path


def exported_page_name(path: str, page: int) -> str:
    """Return the file name of an exported page, such as `lot-page-00003.tif`."""
    name = file_of_page(path, page).rsplit("/", 1)[-1]
    stem = name.rpartition(".")[0] or name
    return f"{stem}-page-{page:05d}.tif"
