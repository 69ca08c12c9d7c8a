"""A KLARF file taken apart, with the place of each part in its bytes. Both grammars produce it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from defect_workbench.core.errors import InputError
from defect_workbench.core.wafer.wafer_places import Wafer
from defect_workbench.storage.klarf.klarf_file import LineProblem
from defect_workbench.storage.klarf.klarf_tokens import integer_of, readable

IMAGE_COUNT = "IMAGECOUNT"
IMAGE_LIST = "IMAGELIST"
DEFECT_ID = "DEFECTID"


class RawImage(NamedTuple):
    """An image as a record names it: its number as written, and what else is known."""

    number: bytes
    kind: bytes = b""
    file: bytes = b""
    file_type: bytes = b""


class RecordSpec:
    """The columns of a defect list.

    Attributes
    ----------
    names : tuple of str
        As written.
    images : int or None
        The column of image lists.
    is_doubtful : bool
        Whether the file declares another number of columns. Then all records must fit the names.
    """

    def __init__(self, names: Sequence[str], images: int | None, is_doubtful: bool = False) -> None:
        self.is_doubtful = is_doubtful
        self.names = tuple(names)
        self.images = images
        self._index: dict[str, int] = {}
        for index, name in enumerate(self.names):
            self._index.setdefault(name.upper(), index)
        self.image_count = self._index.get(IMAGE_COUNT)
        self.defect_id = self._index.get(DEFECT_ID)

    def index(self, name: str) -> int | None:
        """Return the position of a column, whatever its case."""
        return self._index.get(name.upper())


@dataclass(slots=True)
class Record:
    """The record of a defect.

    Attributes
    ----------
    line : int
    start, end : int
        Its bytes.
    cells : list of bytes
        One per column of the specification; that of the image list is arbitrary.
    images : sequence of RawImage
    shift : int
        How many more tokens than columns there are up to a column behind the image list.
    count : int or None
        The number of images that IMAGECOUNT states.
    files : tuple of bytes
        Image files that lines of their own name for this defect.
    """

    line: int
    start: int
    end: int
    cells: list[bytes]
    images: Sequence[RawImage] = ()
    shift: int = 0
    count: int | None = None
    files: tuple[bytes, ...] = ()


class DefectList(Protocol):
    """A list of defects of one wafer."""

    spec: RecordSpec
    wafer: int
    file: bytes
    line: int
    start: int
    end: int
    images_known: bool

    def records(self) -> Iterator[Record | LineProblem]:
        """Yield the records in order, and what is wrong with those that cannot be read."""
        ...

    def count_problem(self) -> LineProblem | None:
        """Return whether the list declares another number of records than were read."""
        ...

    def cell_span(self, record: Record, column: int) -> tuple[int, int]:
        """Return the bytes of a cell."""
        ...


@dataclass
class ClassLookup:
    """A class lookup and how to extend it.

    Attributes
    ----------
    names : dict of int to str
    rows : int
        How many rows there are.
    declared : int or None
        How many the file declares, at the bytes `declared_at`.
    insert_at : int
        Where the next row begins.
    row : str
        A row, with the fields `{number}`, `{name}`, and the separators before it.
    """

    names: dict[int, str]
    rows: int
    declared: int | None
    declared_at: tuple[int, int]
    insert_at: int
    row: str


@dataclass
class KlarfDocument:
    """A KLARF file.

    Attributes
    ----------
    is_tree : bool
        Whether it has nested records, as version 1.8 has.
    new_lookup_at : int
        Where a class lookup can be inserted if there is none; 0 if nowhere.
    cut : list of (int, int)
        What an overlay leaves out, such as summaries.
    """

    data: bytes
    version: str
    is_tree: bool
    wafers: list[Wafer] = field(default_factory=list)
    lists: Sequence[DefectList] = ()
    lookups: list[ClassLookup] = field(default_factory=list)
    problems: list[LineProblem] = field(default_factory=list)
    new_lookup_at: int = 0
    cut: list[tuple[int, int]] = field(default_factory=list)

    @property
    def classes(self) -> dict[int, str]:
        """The names of all lookups; the first one of a number counts."""
        names: dict[int, str] = {}
        for lookup in self.lookups:
            for number, name in lookup.names.items():
                names.setdefault(number, name)
        return names


def defects_of(
    document: KlarfDocument, problems: list[LineProblem]
) -> Iterator[tuple[DefectList, Record, int | None]]:
    """Yield each defect with its list and its number; None if the file does not number its defects.

    What cannot be read is added to `problems`. Reading and writing count defects by this order.
    """
    for defects in document.lists:
        column = defects.spec.defect_id
        for record in defects.records():
            if isinstance(record, LineProblem):
                problems.append(record)
            elif column is None:
                yield defects, record, None
            else:
                number = integer_of(record.cells[column])
                if number is None:
                    problems.append(
                        LineProblem(
                            record.line,
                            f"the defect number {readable(record.cells[column])!r} is not a number",
                        )
                    )
                else:
                    yield defects, record, number


def column_of(defects: DefectList, name: str) -> int:
    """Return the position of a column; InputError if the list does not have it."""
    index = defects.spec.index(name)
    if index is None:
        raise InputError(f"the defect list at line {defects.line:,} has no column {name}")
    return index
