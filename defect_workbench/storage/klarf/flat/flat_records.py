"""Records of a defect list of a flat file, over lines that may be continued, joined or damaged."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from defect_workbench.core.text import counted
from defect_workbench.storage.klarf.flat.record_layout import (
    UNREADABLE,
    Layout,
    cells_of,
    declared_count,
    fit,
)
from defect_workbench.storage.klarf.klarf_document import Record, RecordSpec
from defect_workbench.storage.klarf.klarf_file import LineProblem
from defect_workbench.storage.klarf.klarf_tokens import word_spans, words

_FILE_WORDS = frozenset({b"FILENAME", b"IMAGEFILENAME", b"TIFFFILENAME"})
_FILE_LINE = re.compile(rb"^[ \t]*(?:FILENAME|IMAGEFILENAME|TIFFFILENAME)\b", re.IGNORECASE | re.MULTILINE)


class Piece(NamedTuple):
    """Tokens of one or several lines."""

    line: int
    start: int
    end: int
    tokens: list[bytes]


DAMAGED, FILE_LINE, CUT = -1, -2, -3
"""In place of the number of images of a record."""


class FileLine(NamedTuple):
    """A line inside a list that names an image file."""

    line: int
    file: bytes


@dataclass(eq=False)
class FlatList:
    """A defect list of a flat file.

    Attributes
    ----------
    data : bytes
    spec : RecordSpec
    wafer : int
    line, start, end : int
        Where its rows begin, and their bytes.
    statement : (int, int)
        The bytes of the whole statement.
    file : bytes
        The image file that a statement names for this list.
    layout : Layout
    images_known : bool
        Whether it is clear which image file belongs to the list.
    """

    data: bytes
    spec: RecordSpec
    wafer: int
    line: int
    start: int
    end: int
    statement: tuple[int, int]
    is_ended: bool
    file: bytes = b""
    layout: Layout = UNREADABLE
    images_known: bool = True
    _cut_at: int = field(default=-1, init=False)

    def __post_init__(self) -> None:
        # The last line of a truncated file may lack values, or digits of one.
        if self.is_cut and not self.data.endswith(b"\n"):
            self._cut_at = self.end

    @property
    def is_cut(self) -> bool:
        """Whether the file ends within the list."""
        return not self.is_ended and self.end == len(self.data)

    def records(self) -> Iterator[Record | LineProblem]:
        """Yield the records in order, with the files that lines between them name."""
        follows = self._files_follow()
        last: Record | LineProblem | None = None
        files: tuple[bytes, ...] = ()
        for item in self.parts(self.layout):
            if isinstance(item, FileLine):
                if follows is None:
                    yield LineProblem(
                        item.line,
                        "whether this image file belongs to the record before or after it is not clear",
                    )
                elif not follows:
                    files = (*files, item.file)
                elif isinstance(last, Record):
                    last.files = (*last.files, item.file)
                continue
            if last is not None:
                yield last
            # The file of a damaged record must not become that of the next one.
            if isinstance(item, Record) and not follows:
                item.files = files
            last, files = item, ()
        if last is not None:
            yield last

    def _files_follow(self) -> bool | None:
        """Whether lines with file names follow their records; None if that is not clear."""
        if not _FILE_LINE.search(self.data, self.start, self.end):
            return False
        rows = self.data[self.start : self.end].strip()
        is_first, is_last = (
            _FILE_LINE.match(line) is not None for line in (rows, rows[rows.rfind(b"\n") + 1 :])
        )
        return is_last if is_first != is_last else None

    def parts(self, layout: Layout) -> Iterator[Record | LineProblem | FileLine]:
        """Yield records, problems and lines with file names as they stand in the file."""
        for piece, images in self.pieces(layout):
            if images == FILE_LINE:
                yield FileLine(piece.line, b" ".join(piece.tokens[1:]))
            elif images == DAMAGED:
                yield self._damaged(piece)
            elif images == CUT:
                yield LineProblem(piece.line, "the file ends within this record")
            else:
                cells, listed, shift = cells_of(self.spec, layout, piece.tokens, images)
                count = declared_count(self.spec, cells)
                yield Record(piece.line, piece.start, piece.end, cells, listed, shift, count)

    def pieces(self, layout: Layout) -> Iterator[tuple[Piece, int]]:
        """Yield the tokens of each record and its number of images, or one of the constants above."""
        pending: Piece | None = None
        for piece in self._lines():
            first = piece.tokens[0]
            if piece.end == self._cut_at:
                yield pending or piece, CUT
                return
            if first[:1].isalpha() and first.upper() in _FILE_WORDS:
                if pending:
                    yield pending, DAMAGED
                    pending = None
                yield piece, FILE_LINE
                continue
            length, images = fit(self.spec, layout, piece.tokens)
            is_record = length == len(piece.tokens)
            if pending:
                joined = Piece(pending.line, pending.start, piece.end, pending.tokens + piece.tokens)
                joined_length, joined_images = fit(self.spec, layout, joined.tokens)
                if joined_length == len(joined.tokens):
                    yield joined, joined_images
                    pending = None
                    continue
                if joined_length is not None and joined_length > len(joined.tokens) and not is_record:
                    pending = joined
                    continue
                yield pending, DAMAGED
                pending = None
            if is_record:
                yield piece, images
            elif length is not None and length > len(piece.tokens):
                pending = piece
            else:
                yield from self._several(layout, piece)
        if pending:
            yield pending, DAMAGED

    def count_problem(self) -> LineProblem | None:
        """Return None, as flat lists declare no number of records."""
        return None

    def cell_span(self, record: Record, column: int) -> tuple[int, int]:
        """Return the bytes of a cell."""
        at = self.spec.images
        token = column if at is None or column <= at else column + record.shift
        for index, span in enumerate(word_spans(self.data, record.start, record.end)):
            if index == token:
                return span
        raise IndexError(column)

    def _lines(self) -> Iterator[Piece]:
        line, at = self.line, self.start
        for text in self.data[self.start : self.end].split(b"\n"):
            tokens = words(text)
            if tokens:
                yield Piece(line, at, at + len(text), tokens)
            line += 1
            at += len(text) + 1

    def _several(self, layout: Layout, piece: Piece) -> Iterator[tuple[Piece, int]]:
        """Divide a line that holds several records; if something is left over, the line is damaged."""
        found: list[tuple[int, int]] = []
        rest = piece.tokens
        while rest:
            length, images = fit(self.spec, layout, rest)
            if length is None or not 0 < length <= len(rest):
                yield piece, DAMAGED
                return
            found.append((length, images))
            rest = rest[length:]
        spans = list(word_spans(self.data, piece.start, piece.end))
        first = 0
        for length, images in found:
            start, end = spans[first][0], spans[first + length - 1][1]
            yield Piece(piece.line, start, end, piece.tokens[first : first + length]), images
            first += length

    def _damaged(self, piece: Piece) -> LineProblem:
        columns = counted(len(self.spec.names), "column")
        values = counted(len(piece.tokens), "value")
        return LineProblem(
            piece.line, f"the record has {values}, which do not fit the {columns} of the specification"
        )
