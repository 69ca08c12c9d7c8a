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


class _Piece(NamedTuple):
    """Tokens of one or several lines."""

    line: int
    start: int
    end: int
    tokens: list[bytes]


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
        # The last value of a truncated file may lack digits.
        if not self.is_ended and self.end == len(self.data) and not self.data[-1:].isspace():
            self._cut_at = self.end

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
        if _FILE_LINE.match(rows):
            return False
        return True if _FILE_LINE.match(rows[rows.rfind(b"\n") + 1 :]) else None

    def parts(self, layout: Layout) -> Iterator[Record | LineProblem | FileLine]:
        """Yield records, problems and lines with file names as they stand in the file."""
        pending: _Piece | None = None
        for piece in self._lines():
            first = piece.tokens[0]
            if first[:1].isalpha() and first.upper() in _FILE_WORDS:
                if pending:
                    yield self._damaged(pending)
                    pending = None
                yield FileLine(piece.line, b" ".join(piece.tokens[1:]))
                continue
            if pending:
                joined = _Piece(pending.line, pending.start, piece.end, pending.tokens + piece.tokens)
                length = fit(self.spec, layout, joined.tokens).length
                if length == len(joined.tokens):
                    yield self._record(layout, joined)
                    pending = None
                    continue
                if length is not None and length > len(joined.tokens) and not self._is_record(layout, piece):
                    pending = joined
                    continue
                yield self._damaged(pending)
                pending = None
            length = fit(self.spec, layout, piece.tokens).length
            if length == len(piece.tokens):
                yield self._record(layout, piece)
            elif length is not None and length > len(piece.tokens):
                pending = piece
            else:
                yield from self._several(layout, piece)
        if pending:
            yield self._damaged(pending)

    def cell_span(self, record: Record, column: int) -> tuple[int, int]:
        """Return the bytes of a cell."""
        at = self.spec.images
        token = column if at is None or column <= at else column + record.shift
        for index, span in enumerate(word_spans(self.data, record.start, record.end)):
            if index == token:
                return span
        raise IndexError(column)

    def _lines(self) -> Iterator[_Piece]:
        line, at = self.line, self.start
        for text in self.data[self.start : self.end].split(b"\n"):
            tokens = words(text)
            if tokens:
                yield _Piece(line, at, at + len(text), tokens)
            line += 1
            at += len(text) + 1

    def _is_record(self, layout: Layout, piece: _Piece) -> bool:
        return fit(self.spec, layout, piece.tokens).length == len(piece.tokens)

    def _record(self, layout: Layout, piece: _Piece) -> Record | LineProblem:
        if piece.end == self._cut_at:
            return LineProblem(piece.line, "the file ends within this record")
        images = fit(self.spec, layout, piece.tokens).images
        cells, listed, shift = cells_of(self.spec, layout, piece.tokens, images)
        count = declared_count(self.spec, cells)
        return Record(piece.line, piece.start, piece.end, cells, listed, shift, count)

    def _several(self, layout: Layout, piece: _Piece) -> Iterator[Record | LineProblem]:
        """Divide a line that holds several records; if something is left over, the line is damaged."""
        lengths: list[int] = []
        rest = piece.tokens
        while rest:
            length = fit(self.spec, layout, rest).length
            if length is None or not 0 < length <= len(rest):
                yield self._damaged(piece)
                return
            lengths.append(length)
            rest = rest[length:]
        spans = list(word_spans(self.data, piece.start, piece.end))
        first = 0
        for length in lengths:
            start, end = spans[first][0], spans[first + length - 1][1]
            yield self._record(layout, _Piece(piece.line, start, end, piece.tokens[first : first + length]))
            first += length

    def _damaged(self, piece: _Piece) -> LineProblem:
        columns = counted(len(self.spec.names), "column")
        values = counted(len(piece.tokens), "value")
        return LineProblem(
            piece.line, f"the record has {values}, which do not fit the {columns} of the specification"
        )
