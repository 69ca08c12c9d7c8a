"""Side data: a table from another source (process, position, ...), joined to the images by file name."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from defect_workbench.core.errors import InputError
from defect_workbench.core.images.image_records import ImageSet
from defect_workbench.core.table_columns import Column, typed_column
from defect_workbench.core.text import and_more


@dataclass(frozen=True)
class Table:
    """A table as read from a file; every cell is text.

    Attributes
    ----------
    source : str
        Name of the file.
    sha256 : str
        Hash of the file.
    header : tuple of str
        Column names, unique and not empty.
    rows : tuple of tuple of str
        Each as long as the header.
    decimal_comma : bool
        Whether "1,5" is a number.
    remarks : tuple of str
        Remarks on how the file was read, for the user.
    """

    source: str
    sha256: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    decimal_comma: bool = False
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class SideData:
    """A table joined to an image set; columns have one cell per image, in the order of the set.

    Attributes
    ----------
    joined : tuple of bool
        Whether the image has a row.
    without_image : tuple of str
        Names in rows that match no image.
    remarks : tuple of str
        Remarks on duplicate rows and on how the file was read.
    """

    source: str
    sha256: str
    name_column: str
    columns: tuple[Column, ...]
    joined: tuple[bool, ...]
    without_image: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    def column(self, name: str) -> Column:
        """Return the column with this name; case is ignored if there is no exact match.

        Raises
        ------
        InputError
            If there is no such column; the message lists those that exist.
        """
        for column in self.columns:
            if column.name == name:
                return column
        for column in self.columns:
            if column.name.casefold() == name.casefold():
                return column
        known = ", ".join(column.name for column in self.columns)
        raise InputError(f"{self.source} has no column {name}; it has {known}")

    def how_joined(self, noun: str) -> str:
        """Return in words how many images, each called a `noun`, have a row."""
        return f"{sum(self.joined):,} of {len(self.joined):,} {noun}s have a row in {self.source}"

    def without_row(self, images: ImageSet) -> tuple[str, ...]:
        """Return the paths of images without a row."""
        return tuple(i.path for i, has_row in zip(images.images, self.joined, strict=True) if not has_row)

    def take(self, indices: Sequence[int]) -> SideData:
        """Return the side data of some images, in the given order."""
        columns = tuple(column.take(indices) for column in self.columns)
        return replace(self, columns=columns, joined=tuple(self.joined[i] for i in indices))


def join(
    table: Table, images: ImageSet, name_column: str | None = None, categories: Sequence[str] = ()
) -> SideData:
    """Join a table to images by file name.

    A cell matches an image if it is the end of the image's path, or the image's path is the end of the
    cell, with or without the extension; case is ignored. A row that matches several images is joined to
    none. If several rows match one image, the one that agrees in more folders is used, else the first.

    Parameters
    ----------
    name_column : str, optional
        The column with the file names; default: the one that matches most images.
    categories : sequence of str
        Columns of numbers to treat as categories, such as wafer numbers.

    Raises
    ------
    InputError
        If no column matches an image, or a given column does not exist.
    """
    index = _Index(images)
    if name_column is None:
        hits = [sum(bool(index.find(row[i])[0]) for row in table.rows) for i in range(len(table.header))]
        chosen = max(range(len(hits)), key=lambda i: (hits[i], -i), default=0)
        if not hits or not hits[chosen]:
            example = images.images[0].path if len(images) else "image.png"
            raise InputError(
                f"no column of {table.source} contains the file names of the images, such as {example}"
            )
    else:
        chosen = _position(table, name_column)
    best: dict[int, tuple[int, int]] = {}
    unmatched: list[str] = []
    ambiguous: list[str] = []
    repeated: list[str] = []
    for number, row in enumerate(table.rows):
        matches, agreeing = index.find(row[chosen])
        if len(matches) != 1:
            (ambiguous if matches else unmatched).append(row[chosen])
            continue
        image = matches[0]
        if image not in best:
            best[image] = (agreeing, number)
            continue
        repeated.append(row[chosen])
        if agreeing > best[image][0]:
            best[image] = (agreeing, number)
    if not best:
        raise InputError(f"the column {table.header[chosen]} of {table.source} matches none of the images")
    row_of = [best[i][1] if i in best else None for i in range(len(images))]
    category_names = {table.header[_position(table, name)] for name in categories}
    columns = []
    for position, name in enumerate(table.header):
        if position == chosen:
            continue
        # All rows determine the type, including those without an image.
        column = typed_column(name, [row[position] for row in table.rows], table.decimal_comma)
        column = column.as_text() if name in category_names else column
        cells = tuple(None if row is None else column.cells[row] for row in row_of)
        columns.append(replace(column, cells=cells))
    remarks = [*table.remarks]
    if repeated:
        remarks.append(f"{_listed(repeated)}: more than one row has this name; the first is used")
    if ambiguous:
        remarks.append(f"{_listed(ambiguous)}: the name matches several images, so the row is not used")
    return SideData(
        table.source,
        table.sha256,
        table.header[chosen],
        tuple(columns),
        tuple(row is not None for row in row_of),
        tuple(unmatched + ambiguous),
        tuple(remarks),
    )


def _position(table: Table, name: str) -> int:
    if name in table.header:
        return table.header.index(name)
    folded = [known.casefold() for known in table.header]
    if name.casefold() not in folded:
        raise InputError(f"{table.source} has no column {name}; it has {', '.join(table.header)}")
    return folded.index(name.casefold())


def _listed(names: Sequence[str]) -> str:
    return and_more(list(dict.fromkeys(names)), 3)


def _parts(path: str) -> tuple[str, ...]:
    text = unicodedata.normalize("NFC", path.strip()).replace("\\", "/").casefold()
    return tuple(part for part in text.split("/") if part not in ("", "."))


class _Index:
    """Finds images by the ends of their paths."""

    def __init__(self, images: ImageSet) -> None:
        root = _parts(Path(images.root).as_posix())
        self._full_paths: list[tuple[str, ...]] = []
        self._depth: list[int] = []
        ends: dict[tuple[str, ...], list[int]] = {}
        for number, image in enumerate(images.images):
            parts = _parts(image.path)
            self._full_paths.append(root + parts)
            self._depth.append(len(parts))
            stem = parts[-1].rpartition(".")[0]
            names = [parts[-1], stem] if stem else [parts[-1]]
            for length in range(1, len(parts) + 1):
                for name in names:
                    ends.setdefault((*parts[-length:-1], name), []).append(number)
        self._ends: Mapping[tuple[str, ...], list[int]] = ends

    def find(self, cell: str) -> tuple[list[int], int]:
        """Return the images that a cell matches, and the number of path parts that agree."""
        parts = _parts(cell)
        if not parts:
            return [], 0
        if parts in self._ends:
            return self._narrow(parts, self._ends[parts])
        for length in range(len(parts) - 1, 0, -1):
            end = parts[-length:]
            matches = [i for i in self._ends.get(end, []) if self._depth[i] == length]
            if matches:
                return self._narrow(parts, matches)
        return [], 0

    def _narrow(self, parts: tuple[str, ...], matches: list[int]) -> tuple[list[int], int]:
        scores = [self._agreeing(parts, i) for i in matches]
        best = max(scores)
        kept = [i for i, score in zip(matches, scores, strict=True) if score == best]
        if len(kept) > 1:
            # A match of the whole path takes precedence over a match of its end.
            exact = [i for i in kept if self._depth[i] == len(parts)]
            kept = exact if len(exact) == 1 else kept
        return kept, best

    def _agreeing(self, parts: tuple[str, ...], image: int) -> int:
        count = 1
        for mine, theirs in zip(reversed(parts[:-1]), reversed(self._full_paths[image][:-1]), strict=False):
            if mine != theirs:
                break
            count += 1
        return count
