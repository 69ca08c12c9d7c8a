"""Columns of a KLARF file, from the cells of its records."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np

from defect_workbench.core.arrays import Floats
from defect_workbench.core.table_columns import Cell, Column, ColumnKind, typed_column
from defect_workbench.core.wafer.class_column import class_columns_of
from defect_workbench.storage.klarf.klarf_document import DEFECT_ID, RecordSpec
from defect_workbench.storage.klarf.klarf_tokens import number_of, readable

PLACE_COLUMNS = ("XREL", "YREL", "XINDEX", "YINDEX")
_LENGTHS = {"XSIZE": 1e3, "YSIZE": 1e3, "DSIZE": 1e3, "DEFECTAREA": 1e6}
"""By how much nanometres and square nanometres are divided. Of no other column is the unit known."""

_AT_ONCE = 2048
_PLAIN_NUMBER = rb"[+-]?+(?:\d++(?:\.\d*+)?+|\.\d++)(?:[eE][+-]?\d++)?+"
_PLAIN_NUMBERS = re.compile(_PLAIN_NUMBER + rb"(?:\n" + _PLAIN_NUMBER + rb")*+")
_CODE = re.compile(rb"^[+-]?0\d", re.MULTILINE)


class RecordColumns:
    """Collects the cells of records, column by column; equal cells are stored once."""

    def __init__(self) -> None:
        self._cells: dict[str, list[bytes]] = {}
        self._names: dict[str, str] = {}
        self._image_columns: set[str] = set()
        self._interned: dict[bytes, bytes] = {}
        self._count = 0
        self._spec: RecordSpec | None = None
        self._waiting: list[list[bytes]] = []

    def add(self, spec: RecordSpec, cells: list[bytes]) -> None:
        """Take in a record."""
        if spec is not self._spec or len(self._waiting) >= _AT_ONCE:
            self._flush()
            self._spec = spec
        self._waiting.append(cells)

    def numbers(self, name: str) -> Floats:
        """Return a column as numbers: (n,) float64, NaN where it has none."""
        self._flush()
        cells = self._cells.get(name)
        if cells is None:
            return np.full(self._count, np.nan)
        values = {cell: number_of(cell) for cell in set(cells)}
        return np.array([values[cell] for cell in cells], np.float64)

    def columns(self, divide_lengths: bool) -> tuple[Column, ...]:
        """Return everything but numbers, places and images of defects.

        Parameters
        ----------
        divide_lengths : bool
            Whether the file is in nanometres.
        """
        self._flush()
        found: list[Column] = []
        for key, cells in self._cells.items():
            if key in PLACE_COLUMNS or key == DEFECT_ID or key in self._image_columns:
                continue
            divisor = _LENGTHS.get(key, 1.0) if divide_lengths else 1.0
            found.append(_column(self._names[key], cells, divisor))
        return tuple(found)

    def class_columns(self) -> tuple[str, ...]:
        """Return the columns of whole numbers that may hold a class, CLASSNUMBER first."""
        self._flush()
        return class_columns_of([name for key, name in self._names.items() if key not in self._image_columns])

    def name_columns(self, spec: RecordSpec) -> None:
        """Note the columns of a list, even if it has no records."""
        for index, name in enumerate(spec.names):
            # Of columns with the same name, the first one counts.
            if spec.index(name) == index and name.upper() not in self._cells:
                self._cells[name.upper()] = [b""] * self._count
                self._names[name.upper()] = name
        if spec.images is not None:
            self._image_columns.add(spec.names[spec.images].upper())

    def _flush(self) -> None:
        if not self._waiting or self._spec is None:
            return
        spec, rows = self._spec, self._waiting
        self._waiting = []
        self.name_columns(spec)
        self._count += len(rows)
        intern = self._interned.setdefault
        for index, cells in enumerate(zip(*rows, strict=True)):
            name = spec.names[index]
            if spec.index(name) == index and index != spec.images:
                self._cells[name.upper()].extend(map(intern, cells, cells))
        for column in self._cells.values():
            if len(column) < self._count:
                column.extend([b""] * (self._count - len(column)))


def _column(name: str, cells: Sequence[bytes], divisor: float) -> Column:
    unique = list(set(cells))
    column = _numbers(name, unique) or typed_column(name, [readable(cell) for cell in unique], False)
    values: dict[bytes, Cell] = dict(zip(unique, column.cells, strict=True))
    if divisor != 1.0 and column.kind is ColumnKind.NUMBER:
        values = {
            cell: value / divisor if isinstance(value, float) else value for cell, value in values.items()
        }
    return Column(name, column.kind, tuple([values[cell] for cell in cells]))


def _numbers(name: str, cells: Sequence[bytes]) -> Column | None:
    """Return what `typed_column` does if all cells are plain numbers, but faster; None if they are not."""
    if not cells:
        return None
    # Not all at once: a search holds the interpreter lock, and the window would wait for it.
    for start in range(0, len(cells), _AT_ONCE):
        text = b"\n".join(cells[start : start + _AT_ONCE])
        if not _PLAIN_NUMBERS.fullmatch(text) or _CODE.search(text):
            return None
    numbers = tuple(map(float, cells))
    return Column(name, ColumnKind.NUMBER, numbers) if all(map(math.isfinite, numbers)) else None
