"""Write classes into KLARF files: only cells of one column and the class lookup change, no other byte."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from defect_workbench.core.errors import InputError
from defect_workbench.storage.klarf.klarf_document import DefectList, KlarfDocument, Record, column_of, defects_of
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
        If the source is not a supported KLARF, lacks the column or a defect, or a class number needs more than 32
        bits.
    """
    if not codes:
        return source
    document = document_of(source)
    splices = lookup_splices(document, {number: names[number] for number in names if number in set(codes.values())})
    for defects, record, index in _chosen(document, codes):
        at = column_of(defects, column)
        # A number that is right already keeps its spelling.
        if integer_of(record.cells[at]) != codes[index]:
            splices.append(Splice(*defects.cell_span(record, at), b"%d" % codes[index]))
    return spliced(source, splices)


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
        The line, counted in `before`, what it was and what it is. An added line has an empty old text, and the
        number of the line before it.
    """
    old, new = _lines(before), _lines(after)
    added = len(new) - len(old)
    found: list[tuple[int, str, str]] = []
    position = 0
    for number, line in enumerate(old, start=1):
        text = new[position] if position < len(new) else b""
        # Lines are only ever added, in one block; it ends where the rest fits again.
        while added > 0 and text != line and not _is_variant(line, text):
            found.append((number - 1, "", _shown(text)))
            added -= 1
            position += 1
            text = new[position] if position < len(new) else b""
        if text != line:
            found.append((number, _shown(line), _shown(text)))
        position += 1
    found += [(len(old), "", _shown(text)) for text in new[position:]]
    return found


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


def _is_variant(old: bytes, new: bytes) -> bool:
    """Whether a line may be another one with a cell replaced, or with its semicolon moved to a later line."""
    words, others = old.rstrip(b"; ").split(), new.rstrip(b"; ").split()
    differing = sum(a != b for a, b in zip(words, others, strict=False))
    return len(words) == len(others) and (differing == 0 or (differing <= 2 and differing < len(words) - 1))
