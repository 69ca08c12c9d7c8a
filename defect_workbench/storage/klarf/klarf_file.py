"""What a KLARF file says, whichever its dialect."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from defect_workbench.core.arrays import Integers
from defect_workbench.core.columns import Column
from defect_workbench.core.wafer.wafer_places import WaferPlaces

SUFFIXES = (".000", ".001", ".klarf", ".klr", ".kla")
"""Usual endings of names. Any number of three digits is used, too."""

_FLAT_START = re.compile(rb"(?:\xef\xbb\xbf)?\s*FileVersion\s+\d+\s+\d+\s*[;\r\n]", re.IGNORECASE)
_FLAT_LINE = re.compile(rb"^[ \t]*FileVersion[ \t]+\d+[ \t]+\d+[ \t]*;", re.IGNORECASE | re.MULTILINE)
_TREE_START = re.compile(rb'(?:\xef\xbb\xbf)?\s*Record\s+FileRecord\s*"', re.IGNORECASE)
_KLARF_NAME = re.compile(r"\.(?:\d{3}|klarf|klr|kla)\Z", re.IGNORECASE)
_FIRST_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class KlarfPicture:
    """One picture of a defect.

    Attributes
    ----------
    file : str
        As the KLARF names it, which may be a path on the tool; empty if no file is named. Then the file of
        the same stem is meant.
    page : int or None
        Counted from 1, where the file holds several pages; None for one picture per file.
    kind : str
        The image type as written, such as `0`, `1` or `Patch`; empty if unknown.
    line : int
        Of the KLARF, from 1.
    """

    file: str
    page: int | None
    kind: str
    line: int


@dataclass(frozen=True, slots=True)
class LineProblem:
    """What is damaged or missing at a line, counted from 1. Everything else is read."""

    line: int
    reason: str


@dataclass(frozen=True, eq=False)
class KlarfFile:
    """The content of a KLARF file, one entry per defect, in the order of the file.

    Attributes
    ----------
    path : Path
    sha256 : str
    version : str
        Such as `1.2` or `1.8`.
    places : WaferPlaces
        Lengths are in micrometres, whatever the unit of the file.
    defect_id : (n,) int64
        As the file numbers defects; not always unique.
    lines : (n,) int64
        The line at which the record of each defect begins.
    columns : tuple of Column
        Everything else the records say, under the names of the file. XSIZE, YSIZE, DSIZE and DEFECTAREA are
        in micrometres and square micrometres; other values are as written.
    pictures : sequence of sequences of KlarfPicture
    classes : mapping of int to str
        The class lookup.
    class_columns : tuple of str
        Columns to which a class may be written.
    problems : tuple of LineProblem
        Sorted by line.
    """

    path: Path
    sha256: str
    version: str
    places: WaferPlaces
    defect_id: Integers
    lines: Integers
    columns: tuple[Column, ...]
    pictures: Sequence[Sequence[KlarfPicture]]
    classes: Mapping[int, str]
    class_columns: tuple[str, ...]
    problems: tuple[LineProblem, ...]

    def __len__(self) -> int:
        return len(self.defect_id)


def is_klarf(path: Path) -> bool:
    """Whether a file is a KLARF by its first bytes; False for files that cannot be read.

    With a usual ending of its name, the version may stand behind other statements.
    """
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            first = file.read(_FIRST_BYTES)
    except (OSError, ValueError):
        return False
    if _FLAT_START.match(first) or _TREE_START.match(first):
        return True
    return bool(_KLARF_NAME.search(path.name) and _FLAT_LINE.search(first))
