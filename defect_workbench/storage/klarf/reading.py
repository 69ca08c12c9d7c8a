"""Read KLARF files of any supported dialect."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from pathlib import Path

import numpy as np

from defect_workbench.core.errors import InputError
from defect_workbench.core.wafer.wafer_places import Wafer, WaferPlaces
from defect_workbench.storage.klarf.defect_pictures import DefectPictures
from defect_workbench.storage.klarf.flat.flat_document import flat_document
from defect_workbench.storage.klarf.klarf_document import KlarfDocument, defects_of
from defect_workbench.storage.klarf.klarf_file import KlarfFile, LineProblem
from defect_workbench.storage.klarf.record_columns import PLACE_COLUMNS, RecordColumns
from defect_workbench.storage.klarf.tree.tree_document import NANOMETRES, tree_document

MOST_BYTES = 1_000_000_000
_TREE = re.compile(rb"^\s*Record\s+FileRecord\b", re.IGNORECASE | re.MULTILINE)
_FLAT = re.compile(rb"^\s*FileVersion\s", re.IGNORECASE | re.MULTILINE)
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def read_klarf(path: Path) -> KlarfFile:
    """Return the content of a KLARF file.

    Raises
    ------
    InputError
        If the file cannot be read, is not a KLARF, or is of a version that is not supported. Damaged records
        are not an error: they are listed among the problems.
    """
    try:
        if path.exists() and not path.is_file():
            raise InputError(f"{path.name} was not read: it is not a file")
        if path.stat().st_size > MOST_BYTES:
            raise InputError(f"{path.name} was not read: it is larger than 1 GB")
        source = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(f"{path.name} was not read: {reason}") from error
    try:
        return parsed(path, source)
    except InputError as error:
        raise InputError(f"{path.name} was not read: {error}") from error


def document_of(source: bytes) -> KlarfDocument:
    """Take a KLARF file apart; InputError if it is not one, or of a version that is not supported."""
    text = source.removeprefix(b"\xef\xbb\xbf")
    tree = _TREE.search(text)
    # Only what is before decides; a search through a large file would hold the interpreter lock.
    flat = _FLAT.search(text, 0, len(text) if tree is None else tree.end())
    if tree and (not flat or tree.start() < flat.start()):
        return tree_document(source)
    if flat:
        return flat_document(source)
    if source.startswith(_UTF_16):
        raise InputError("it is UTF-16 text; KLARF files are read as UTF-8 or Latin-1")
    raise InputError("it is not a KLARF file")


def parsed(path: Path, source: bytes) -> KlarfFile:
    """Return the content of a KLARF file from its bytes."""
    document = document_of(source)
    problems = list(document.problems)
    pictures, columns = DefectPictures(), RecordColumns()
    numbers: list[int] = []
    lines: list[int] = []
    wafer_of: list[int] = []
    for spec in dict.fromkeys(defects.spec for defects in document.lists):
        columns.name_columns(spec)
    damaged: list[LineProblem] = []
    for defects, record, number in defects_of(document, damaged):
        if damaged:
            pictures.damaged()
            problems += damaged
            damaged.clear()
        numbers.append(len(numbers) + 1 if number is None else number)
        lines.append(record.line)
        wafer_of.append(defects.wafer)
        pictures.add(defects, record)
        columns.add(defects.spec, record.cells)
    problems += damaged
    shown = pictures.finish()
    problems += pictures.problems
    problems += _missing(document)
    problems += _repeated(numbers, wafer_of, lines)
    return KlarfFile(
        path=path,
        sha256=hashlib.sha256(source).hexdigest(),
        version=document.version,
        places=_places(document, np.array(wafer_of, np.int32), columns),
        defect_id=np.array(numbers, np.int64),
        lines=np.array(lines, np.int64),
        columns=columns.columns(divide_lengths=document.is_tree),
        pictures=shown,
        classes=document.classes,
        class_columns=columns.class_columns(),
        problems=tuple(sorted(problems, key=lambda problem: problem.line)),
    )


def _missing(document: KlarfDocument) -> list[LineProblem]:
    """Return what whole lists lack."""
    if not document.lists:
        return [LineProblem(1, "the file has no defect list")]
    found = [problem for defects in document.lists if (problem := defects.count_problem())]
    seen: set[int] = set()
    for defects in document.lists:
        if id(defects.spec) in seen:
            continue
        seen.add(id(defects.spec))
        if defects.spec.defect_id is None:
            found.append(
                LineProblem(defects.line, "the records have no DEFECTID; they are numbered in their order")
            )
        absent = [name for name in PLACE_COLUMNS if defects.spec.index(name) is None]
        if absent:
            found.append(
                LineProblem(
                    defects.line, f"the records have no {', '.join(absent)}: places on the wafer are unknown"
                )
            )
    for index in {defects.wafer for defects in document.lists}:
        if document.wafers[index].die_pitch_um is None:
            name = document.wafers[index].name
            found.append(
                LineProblem(1, f"the die pitch of wafer {name} is missing: places on it are unknown")
            )
    return found


def _repeated(numbers: list[int], wafer_of: list[int], lines: list[int]) -> list[LineProblem]:
    """Return the defects that have the number of an earlier one on their wafer."""
    keys = list(zip(wafer_of, numbers, strict=True))
    repeated = {key for key, count in Counter(keys).items() if count > 1}
    found: list[LineProblem] = []
    first: dict[tuple[int, int], int] = {}
    if repeated:
        for key, line in zip(keys, lines, strict=True):
            if key in repeated and first.setdefault(key, line) != line:
                found.append(
                    LineProblem(line, f"defect {key[1]} is already at line {first[key]:,}; both are kept")
                )
    return found


def _places(document: KlarfDocument, wafer_of: np.ndarray, columns: RecordColumns) -> WaferPlaces:
    unit = NANOMETRES if document.is_tree else 1.0
    in_x, in_y = columns.numbers("XREL") / unit, columns.numbers("YREL") / unit
    die_x, die_y = columns.numbers("XINDEX"), columns.numbers("YINDEX")
    layout = np.array([_die_layout(wafer) for wafer in document.wafers] or [(np.nan,) * 4], np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        pitch_x, pitch_y, centre_x, centre_y = layout[wafer_of].T
        x = die_x * pitch_x + in_x - centre_x
        y = die_y * pitch_y + in_y - centre_y
    return WaferPlaces(tuple(document.wafers), wafer_of, x, y, die_x, die_y, in_x, in_y)


def _die_layout(wafer: Wafer) -> tuple[float, float, float, float]:
    return (*(wafer.die_pitch_um or (np.nan, np.nan)), *wafer.centre_um)
