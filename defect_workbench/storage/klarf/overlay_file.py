"""Small KLARF files that add classes to defects which another program has already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from defect_workbench.core.errors import InputError
from defect_workbench.storage.klarf.flat.flat_records import FlatList
from defect_workbench.storage.klarf.flat.flat_statements import statements
from defect_workbench.storage.klarf.klarf_document import DEFECT_ID, KlarfDocument
from defect_workbench.storage.klarf.klarf_tokens import line_ends
from defect_workbench.storage.klarf.splices import Splice, indent_at, spliced
from defect_workbench.storage.klarf.tree.tree_records import TreeList

Rows = Mapping[int, Sequence[tuple[int, int]]]


def overlay_bytes(source: bytes, document: KlarfDocument, column: str, rows: Rows) -> bytes:
    """Return the source with other defect lists, without summaries and image files.

    Parameters
    ----------
    rows : mapping of int to sequence of (int, int)
        Defect number and class of the defects of each wafer.
    """
    if not column.isascii() or not column.isidentifier():
        raise InputError(f"{column!r} cannot be the name of a column")
    make = _tree_splices if document.is_tree else _flat_splices
    return spliced(source, make(document, column, rows, line_ends(source)))


def _flat_splices(document: KlarfDocument, column: str, rows: Rows, end: bytes) -> list[Splice]:
    lists = {defects.statement: defects for defects in cast(Sequence[FlatList], document.lists)}
    left_out = set(document.cut)
    written: set[int] = set()
    has_spec = False
    splices: list[Splice] = []
    for statement in statements(document.data):
        span = (statement.start, statement.stop)
        defects = lists.get(span)
        if statement.keyword == "DEFECTRECORDSPEC":
            # One specification serves all lists.
            new = b"" if has_spec else b"DefectRecordSpec 2 %s %s;" % (DEFECT_ID.encode(), column.encode())
            has_spec = True
        elif defects is not None and defects.wafer not in written:
            written.add(defects.wafer)
            lines = (b" %d %d" % row for row in rows.get(defects.wafer, ()))
            new = end.join((b"DefectList", *lines)) + b";"
        elif defects is not None or span in left_out or statement.keyword == "DEFECTLIST":
            new = b""
        else:
            continue
        stop = statement.stop
        if not new:
            # The rest of its line goes, too, if nothing is on it.
            stop += len(_line_end(document.data, stop))
        elif not statement.is_ended:
            new += end
        splices.append(Splice(statement.start, stop, new))
    return splices


def _line_end(data: bytes, at: int) -> bytes:
    stop = at
    while data[stop : stop + 1] in (b" ", b"\t", b"\r"):
        stop += 1
    if data[stop : stop + 1] == b"\n":
        stop += 1
    elif data[stop - 1 : stop] != b"\n" and stop < len(data):
        return b""
    return data[at:stop]


def _tree_splices(document: KlarfDocument, column: str, rows: Rows, end: bytes) -> list[Splice]:
    data = document.data
    splices: list[Splice] = []

    def add(start: int, stop: int, new: bytes) -> None:
        # In a damaged file, lists may share their columns, and a summary may contain others, or the lists.
        if all(stop <= splice.start or splice.end <= start for splice in splices):
            splices.append(Splice(start, stop, new))

    written: set[int] = set()
    for defects in cast(Sequence[TreeList], document.lists):
        chosen = () if defects.wafer in written else rows.get(defects.wafer, ())
        written.add(defects.wafer)
        columns = b"Columns 2 { int32 %s, int32 %s }" % (DEFECT_ID.encode(), column.encode())
        new_line = end + indent_at(data, defects.columns_at[0])
        lines = (b"  %d %d;" % row for row in chosen)
        add(*defects.rows_at, new_line.join((b"Data %d" % len(chosen), b"{", *lines, b"}")))
        add(*defects.columns_at, columns)
    for start, stop in document.cut:
        add(start - len(indent_at(data, start)), stop + len(_line_end(data, stop)), b"")
    return splices
