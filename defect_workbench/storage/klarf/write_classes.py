"""Write classes into KLARF files: only cells of one column and the class lookup change, no other byte."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import accumulate

from defect_workbench.core.errors import InputError
from defect_workbench.storage.klarf.klarf_document import (
    DefectList,
    KlarfDocument,
    Record,
    column_of,
    defects_of,
)
from defect_workbench.storage.klarf.klarf_tokens import integer_of
from defect_workbench.storage.klarf.lookup_splices import lookup_splices
from defect_workbench.storage.klarf.overlay_file import overlay_bytes
from defect_workbench.storage.klarf.reading import document_of
from defect_workbench.storage.klarf.splices import Splice, spliced

SMALLEST_CODE, LARGEST_CODE = -(2**31), 2**31 - 1


def with_classes(source: bytes, column: str, codes: Mapping[int, int], names: Mapping[int, str]) -> bytes:
    """Return a KLARF file with other classes for some defects.

    Parameters
    ----------
    source : bytes
    column : str
        To write to, whatever its case.
    codes : mapping of int to int
        The class number of each defect to change, by its index in `KlarfFile`.
    names : mapping of int to str
        Class numbers to add to the lookup if it lacks them.

    Raises
    ------
    InputError
        If the source is not a supported KLARF, lacks the column or a defect, or a class number needs more
        than 32 bits.
    """
    if not codes:
        return source
    document = document_of(source)
    splices = lookup_splices(
        document, {number: names[number] for number in names if number in set(codes.values())}
    )
    for defects, record, index in _chosen(document, codes):
        at = column_of(defects, column)
        # A number that is right already keeps its spelling.
        if integer_of(record.cells[at]) != codes[index]:
            splices.append(Splice(*defects.cell_span(record, at), b"%d" % codes[index]))
    return spliced(source, splices)


def with_class_names(source: bytes, names: Mapping[int, str]) -> bytes:
    """Return a KLARF file with further classes in its lookup; classes that it has keep their names.

    Raises
    ------
    InputError
        If the source is not a supported KLARF, or there is no place for a lookup.
    """
    return spliced(source, lookup_splices(document_of(source), names))


def overlay(source: bytes, column: str, codes: Mapping[int, int]) -> bytes:
    """Return a small KLARF file with the header of another one, and of some defects number and class only.

    Raises
    ------
    InputError
        As `with_classes`, and if the file does not number its defects. The column need not exist.
    """
    document = document_of(source)
    rows: dict[int, list[tuple[int, int]]] = {}
    for defects, record, index in _chosen(document, codes):
        number = integer_of(record.cells[column_of(defects, "DEFECTID")])
        rows.setdefault(defects.wafer, []).append((number or 0, codes[index]))
    return overlay_bytes(source, document, column, rows)


def changed_lines(before: bytes, after: bytes) -> list[tuple[int, str, str]]:
    """Return the lines that differ between a file and what `with_classes` made of it.

    Returns
    -------
    list of (int, str, str)
        The line, counted in `before`, what it was and what it is. An added line has an empty old text, and
        the number of the line before it.
    """
    old, new = _lines(before), _lines(after)
    added = len(new) - len(old)
    if added < 0:
        raise ValueError("lines were removed")
    at = _insertion(old, new, added)
    pairs = [*zip(old[:at], new[:at], strict=True), *zip(old[at:], new[at + added :], strict=True)]
    found = [(line, _shown(a), _shown(b)) for line, (a, b) in enumerate(pairs, start=1) if a != b]
    found += [(at, "", _shown(line)) for line in new[at : at + added]]
    return sorted(found, key=lambda change: change[0])


def _insertion(old: list[bytes], new: list[bytes], added: int) -> int:
    """Return where a block of lines was inserted: most other lines are equal then."""
    before = [0, *accumulate(a != b for a, b in zip(old, new, strict=False))]
    behind = [0, *accumulate(a != b for a, b in zip(reversed(old), reversed(new), strict=False))]
    # The semicolon of the last row moves to the inserted one, so of equal places the last one is right.
    return min(range(len(old) + 1), key=lambda at: (before[at] + behind[len(old) - at], -at))


def _chosen(document: KlarfDocument, codes: Mapping[int, int]) -> Iterable[tuple[DefectList, Record, int]]:
    """Return the defects to change; InputError if one does not exist or its code is out of range."""
    large = sorted({code for code in codes.values() if not SMALLEST_CODE <= code <= LARGEST_CODE})
    if large:
        raise InputError(f"the class number {large[0]} does not fit into 32 bits")
    chosen = [
        (defects, record, index)
        for index, (defects, record, _) in enumerate(defects_of(document, []))
        if index in codes
    ]
    if len(chosen) < len(codes):
        missing = min(set(codes) - {index for _, _, index in chosen})
        raise InputError(f"the file has no defect with the index {missing}")
    return chosen


def _lines(data: bytes) -> list[bytes]:
    return (data.replace(b"\r", b"\n") if b"\n" not in data else data.replace(b"\r\n", b"\n")).split(b"\n")


def _shown(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("latin-1")
