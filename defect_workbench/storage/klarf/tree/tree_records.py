"""Records of a defect list of a hierarchical file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from defect_workbench.core.text import counted
from defect_workbench.storage.klarf.klarf_document import RawImage, Record, RecordSpec
from defect_workbench.storage.klarf.klarf_file import LineProblem
from defect_workbench.storage.klarf.klarf_tokens import integer_of, unquoted

_QUOTED = rb'"[^"\n]*+"?+'
_BRACED = rb"\{(?:[^{};\"]++|" + _QUOTED + rb")*+\}"
# A closing brace before a semicolon belongs to a damaged image list, not to the list of defects.
ROWS = re.compile(rb'(?:[^{}"]++|' + _QUOTED + rb"|" + _BRACED + rb"|\{|\}(?=\s*+;))*+")
"""All rows of a list, up to its closing brace."""

_ROW = re.compile(rb'(?:[^{};"]++|' + _QUOTED + rb"|" + _BRACED + rb"|[{}])*+")
_WORD = re.compile(rb"Images?\s*+\d++\s*+" + _BRACED + rb'|"[^"\n]*+"|\S+', re.IGNORECASE)
_IMAGES = re.compile(rb"(?<!\S)Images?\s*+(\d++)\s*+\{((?:[^{}\"]++|" + _QUOTED + rb")*+)\}", re.IGNORECASE)
_GAP = re.compile(rb"\s*")
_IMAGE_WORD = re.compile(rb'"[^"\n]*+"|,|[^\s,"]+')


@dataclass(eq=False)
class TreeList:
    """A list of a hierarchical file: of defects, or any other one.

    Attributes
    ----------
    data : bytes
    spec : RecordSpec
    types : tuple of str
        Of the columns.
    line, start, end : int
        Where its rows begin, and their bytes.
    columns_at, rows_at : (int, int)
        The bytes of `Columns … {…}` and of `Data … {…}`.
    declared : int or None
        The number of rows that it declares, at the bytes `declared_at`.
    line_of : callable
        Returns the line of an offset.
    """

    data: bytes
    spec: RecordSpec
    types: tuple[str, ...]
    line: int
    start: int
    end: int
    columns_at: tuple[int, int]
    rows_at: tuple[int, int]
    declared: int | None
    declared_at: tuple[int, int]
    line_of: Callable[[int], int]
    wafer: int = 0
    file: bytes = b""
    images_known: bool = True
    row_count: int = 0

    def rows(self) -> Iterator[tuple[int, int, list[bytes]]]:
        """Yield start, end and tokens of each row."""
        at = self.start
        while at < self.end:
            match = _ROW.match(self.data, at, self.end)
            end = match.end() if match else self.end
            tokens = _tokens(self.data[at:end])
            if tokens:
                yield at, end, tokens
            at = end + 1

    def records(self) -> Iterator[Record | LineProblem]:
        """Yield the records in order, and what is wrong with those that cannot be read."""
        width = len(self.spec.names)
        self.row_count = 0
        for start, end, tokens in self.rows():
            self.row_count += 1
            gap = _GAP.match(self.data, start)
            line = self.line_of(gap.end() if gap else start)
            if len(tokens) != width:
                values = counted(len(tokens), "value")
                columns = counted(width, "column")
                yield LineProblem(
                    line, f"the record has {values}, which do not fit the {columns} of the list"
                )
            elif end == len(self.data):
                yield LineProblem(line, "the file ends within this record")
            else:
                images, listed = self._images(tokens)
                count = self._count(tokens)
                yield Record(line, start, end, tokens, images, 0, listed if count is None else count)

    def count_problem(self) -> LineProblem | None:
        """Return whether the list declares another number of rows than were read."""
        if self.declared == self.row_count:
            return None
        return LineProblem(
            self.line, f"the defect list has {self.row_count:,} rows but declares another number"
        )

    def cell_span(self, record: Record, column: int) -> tuple[int, int]:
        """Return the bytes of a cell."""
        for index, match in enumerate(_WORD.finditer(self.data, record.start, record.end)):
            if index == column:
                return match.span()
        raise IndexError(column)

    def _count(self, tokens: list[bytes]) -> int | None:
        column = self.spec.image_count
        return None if column is None else integer_of(tokens[column])

    def _images(self, tokens: list[bytes]) -> tuple[list[RawImage], int | None]:
        """Return the images of a record, and how many its list declares."""
        if self.spec.images is None:
            return [], None
        block = _IMAGES.fullmatch(tokens[self.spec.images])
        if block is None:
            return [], None
        declared = integer_of(block[1])
        entries: list[list[bytes]] = [[]]
        for word in _IMAGE_WORD.findall(block[2]):
            if word == b",":
                entries.append([])
            else:
                entries[-1].append(word)
        entries = [entry for entry in entries if entry]
        if len(entries) == 1 and declared and len(entries[0]) % declared == 0:
            step = len(entries[0]) // declared
            entries = [entries[0][i : i + step] for i in range(0, len(entries[0]), step)]
        return [_image(entry) for entry in entries], declared


def _tokens(row: bytes) -> list[bytes]:
    """Return the tokens of a row; a list of images is one."""
    if b'"' not in row and b"{" not in row:
        return row.split()
    # A regular expression for all tokens is slow, and most of them are numbers.
    block = _IMAGES.search(row)
    if block is None:
        return _WORD.findall(row)
    before, behind = row[: block.start()], row[block.end() :]
    if b'"' in before or b'"' in behind or b"{" in before or b"{" in behind:
        return _WORD.findall(row)
    return [*before.split(), block[0], *behind.split()]


def _image(entry: list[bytes]) -> RawImage:
    """Return an image: `"file" "type" index "label"`, or `number "type"` of the header's file."""
    if entry[0][:1] != b'"':
        return RawImage(entry[0], entry[1] if len(entry) > 1 else b"")
    values = [*entry, b"", b"", b""]
    # A text in place of the number means that a value is missing.
    number = values[2] if values[2][:1] != b'"' else b""
    return RawImage(number, values[3], unquoted(values[0]), unquoted(values[1]))
