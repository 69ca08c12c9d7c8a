"""Images with a class and with columns to group them by: what one project or result folder contributes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.pareto.class_counts import CountedClass
from defect_workbench.core.table_columns import Cell, cell_text
from defect_workbench.core.wafer.wafer_places import NO_WAFER, Wafer


@dataclass(frozen=True, eq=False)
class CodedColumn:
    """The values of a column, each once.

    Attributes
    ----------
    values : tuple of str
    value_of : (n,) int32
        Index of each image's value; `NO_GROUP` without one.
    value_of_wafer : (wafers,) int32 or None
        The same for each wafer if the column is a property of wafers, so that wafers without any image
        count too.
    """

    values: tuple[str, ...]
    value_of: NDArray[np.int32]
    value_of_wafer: NDArray[np.int32] | None = None


Columns = Mapping[str, Callable[[], CodedColumn]]


@dataclass(frozen=True, eq=False)
class ClassedImages:
    """Images with classes and columns.

    Attributes
    ----------
    name : str
        Of the session or folder.
    classes : tuple of CountedClass
    class_of : (n,) int32
        Index of the class; `NO_CLASS` if the image has none.
    columns : mapping of str to callable
        Columns by name; each is only read when it is needed.
    wafers : tuple of Wafer
    wafer_of : (n,) int32
        Index of the wafer; `NO_WAFER` without one.
    own_names : tuple of bool
        Whether a class has a name that means the same in every project; others are numbered clusters.
    remarks : tuple of str
    noun : str
        What one of the images is called.
    """

    name: str
    classes: tuple[CountedClass, ...]
    class_of: NDArray[np.int32]
    columns: Columns
    wafers: tuple[Wafer, ...]
    wafer_of: NDArray[np.int32]
    own_names: tuple[bool, ...]
    remarks: tuple[str, ...] = ()
    noun: str = "image"

    def __len__(self) -> int:
        return len(self.class_of)

    def column(self, name: str) -> CodedColumn | None:
        """Return the column with this name; case is ignored if there is no exact match."""
        if name in self.columns:
            return self.columns[name]()
        folded = {known.casefold(): known for known in self.columns}
        known = folded.get(name.casefold())
        return None if known is None else self.columns[known]()

    def with_lot(self) -> ClassedImages:
        """Return the images as one lot, named like the session or folder, unless their lots are known."""
        if any(name.casefold() == "lot" for name in self.columns):
            return self
        return replace(self, columns={"lot": lambda: constant(self.name, len(self)), **self.columns})


def constant(value: str, count: int) -> CodedColumn:
    """Return a column with the same value everywhere."""
    return CodedColumn((value,), np.zeros(count, np.int32))


def coded(cells: Sequence[Cell]) -> CodedColumn:
    """Return the cells of a column with each value once; an empty text is no value."""
    index: dict[Cell, int] = {}
    value_of = np.fromiter(
        (-1 if cell is None or cell == "" else index.setdefault(cell, len(index)) for cell in cells),
        np.int32,
        len(cells),
    )
    return CodedColumn(tuple(cell_text(cell) for cell in index), value_of)


_LOT, _WAFER = ("lot", "lotid", "lot_id", "lot id"), ("wafer", "waferid", "wafer_id", "wafer id", "slot")


def wafers_in_columns(columns: Columns, count: int) -> tuple[tuple[Wafer, ...], NDArray[np.int32]]:
    """Return the wafers that columns name, by lot and wafer, and the wafer of each image, (n,)."""
    found = {name.casefold(): make for name, make in columns.items()}
    name = next((found[each] for each in _WAFER if each in found), None)
    if name is None:
        return (), np.full(count, NO_WAFER, np.int32)
    wafer, lot = name(), next((found[each]() for each in _LOT if each in found), None)
    lots = np.full(count, -1, np.int32) if lot is None else lot.value_of
    pairs, wafer_of = np.unique(np.stack([lots, wafer.value_of]), axis=1, return_inverse=True)
    known = pairs[1] >= 0
    number = np.where(known, np.cumsum(known) - 1, NO_WAFER).astype(np.int32)
    wafers = tuple(
        Wafer(wafer.values[w], lot="" if lot is None or at < 0 else lot.values[at])
        for at, w in pairs.T[known].tolist()
    )
    return wafers, number[wafer_of.reshape(-1)]
