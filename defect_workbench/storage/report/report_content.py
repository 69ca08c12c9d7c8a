"""The content of a report, independent of the file format. HTML and PDF are both made from it."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import ClassVar, Literal

from PIL import Image

from defect_workbench.core.arrays import Pixels

Thumbnail = Callable[[Path, int], Pixels | None]


class TextStyle(StrEnum):
    """Style of a paragraph."""

    BODY = "body"
    SOFT = "soft"
    WARNING = "warning"
    FIGURE = "figure"


class CellMark(StrEnum):
    """Background of a cell."""

    HIT = "hit"
    MISS = "miss"


@dataclass(frozen=True)
class ReportText:
    """A paragraph of plain text."""

    kind: ClassVar = "text"

    text: str
    style: TextStyle = TextStyle.BODY
    title: str = ""


@dataclass(frozen=True)
class ReportTable:
    """A table with a heading; all cells are plain text and are escaped when written.

    Attributes
    ----------
    columns : tuple of str
        The header; omitted if all names are empty.
    note : str
        Text above the table, or instead of a table.
    numbers : frozenset of int
        Columns to align right.
    after : str
        Text below the table.
    marks : mapping of (int, int) to CellMark
        Backgrounds, by row and column.
    part : bool
        Whether it is part of the section above, with a smaller heading.
    folded : bool
        Whether a page shows only the heading until the reader unfolds it; on paper it is unfolded.
    """

    kind: ClassVar = "table"

    title: str
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    note: str = ""
    numbers: frozenset[int] = frozenset()
    after: str = ""
    marks: Mapping[tuple[int, int], CellMark] = field(default_factory=dict)
    part: bool = False
    folded: bool = False


@dataclass(frozen=True)
class ReportFigure:
    """A drawing.

    Attributes
    ----------
    draw : callable
        Returns the drawing as a file, SVG or PNG.
    size : (float, float)
        Width and height on paper, in points.
    """

    caption: str
    draw: Callable[[Literal["svg", "png"]], bytes]
    size: tuple[float, float]

    @property
    def svg(self) -> str:
        """The drawing as an SVG element to put into a page."""
        text = self.draw("svg").decode("utf-8")
        return text[text.index("<svg") :]


@dataclass(frozen=True)
class ReportFigures:
    """Drawings side by side."""

    kind: ClassVar = "figures"

    title: str
    figures: tuple[ReportFigure, ...]


@dataclass(frozen=True)
class EncodedImage:
    """An encoded image.

    Attributes
    ----------
    data : bytes
        The file.
    width, height : int
        In pixels.
    """

    data: bytes
    file_type: Literal["jpeg", "png"]
    width: int
    height: int

    @staticmethod
    def of(image: Image.Image, file_type: Literal["jpeg", "png"]) -> EncodedImage:
        """Return an encoded image."""
        stream = io.BytesIO()
        image.save(stream, file_type.upper(), quality=82)
        return EncodedImage(stream.getvalue(), file_type, image.width, image.height)


@dataclass(frozen=True)
class CaptionedImage:
    """An image with the lines below it, the first in bold; None if the image cannot be shown."""

    picture: EncodedImage | None
    lines: tuple[str, ...]


@dataclass(frozen=True)
class ContactSheet:
    """The images of one cluster.

    Attributes
    ----------
    colour : str
        Colour of the cluster, as #rrggbb.
    picture : EncodedImage or None
        The images side by side; None if all of them are typical ones.
    typical : tuple of CaptionedImage
        The most typical images, larger.
    measurements : tuple of (str, str)
        Names and medians.
    note : str
        What the user wrote about the cluster.
    definition : str
        What the class library says about the class.
    """

    kind: ClassVar = "sheet"

    title: str
    words: str
    colour: str
    picture: EncodedImage | None
    typical: tuple[CaptionedImage, ...] = ()
    measurements: tuple[tuple[str, str], ...] = ()
    note: str = ""
    definition: str = ""


@dataclass(frozen=True)
class ImageGrid:
    """Single images with captions."""

    kind: ClassVar = "pictures"

    title: str
    note: str
    pictures: tuple[CaptionedImage, ...]


Section = ReportText | ReportTable | ReportFigures | ContactSheet | ImageGrid


@dataclass(frozen=True)
class Report:
    """A whole report.

    Attributes
    ----------
    title : str
        The heading.
    subject : str
        What the report is about; forms the name of the document together with the title.
    lead : tuple of str
        Lines below the heading.
    warnings : tuple of str
        Warnings at the top of the report.
    sections : tuple of Section
        Sections in order.
    """

    title: str
    subject: str
    lead: tuple[str, ...]
    warnings: tuple[str, ...]
    sections: tuple[Section, ...]

    @property
    def name(self) -> str:
        """Name of the document, for title bars."""
        return f"{self.title}: {self.subject}"
