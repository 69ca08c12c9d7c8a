"""Records of images that come from several inspection files, in one order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from defect_workbench.core.arrays import Integers
from defect_workbench.core.table_columns import Cell, Column, ColumnKind
from defect_workbench.core.wafer.wafer_places import COORDINATES, NO_WAFER, Wafer, WaferPlaces


def gathered_places(
    parts: Sequence[WaferPlaces], part_of: Integers, row_in: Integers, *, same_files: bool = False
) -> WaferPlaces:
    """Return the places of images, each taken from one of several parts; the wafers are those of all parts.

    A wafer of several parts with the same time of inspection counts once: a copy of a file adds no wafers.
    Equal wafers of the same part stay separate.

    Parameters
    ----------
    part_of : (n,) intp
        The part of each image; -1 for an image without a place.
    row_in : (n,) intp
        Its row in that part.
    same_files : bool
        Whether the parts are from the same files, so that equal wafers are the same without a time, too.
    """
    nowhere = WaferPlaces.nowhere(len(part_of))
    wafer_of = nowhere.wafer_of
    wafers: list[Wafer] = []
    number_of: dict[tuple[Wafer, int], int] = {}
    fields = {name: getattr(nowhere, name) for name in COORDINATES}
    for number, part in enumerate(parts):
        mine = part_of == number
        own = part.take(np.where(mine, row_in, -1))
        numbers = [NO_WAFER] * (len(part.wafers) + 1)
        equal: Counter[Wafer] = Counter()
        for index, wafer in enumerate(part.wafers):
            key = wafer, equal[wafer]
            equal[wafer] += 1
            numbers[index] = number_of.get(key, len(wafers))
            if numbers[index] == len(wafers):
                wafers.append(wafer)
            if same_files or _is_identified(wafer):
                number_of[key] = numbers[index]
        # The last number is that of images without a wafer.
        wafer_of = np.where(own.wafer_of == NO_WAFER, wafer_of, np.array(numbers)[own.wafer_of])
        fields = {name: np.where(mine, getattr(own, name), values) for name, values in fields.items()}
    return WaferPlaces(tuple(wafers), wafer_of.astype(np.intp), **fields)


def _is_identified(wafer: Wafer) -> bool:
    """Whether the same texts can only be those of the same wafer, inspected once."""
    return bool(wafer.time and (wafer.name or wafer.slot))


def gathered_columns(
    parts: Sequence[Sequence[Column]], part_of: Integers, row_in: Integers
) -> tuple[Column, ...]:
    """Return the columns of images, taken in the same way; one of numbers in some parts only is of texts.

    Parameters
    ----------
    part_of, row_in : (n,) intp
        The part that each image is from, -1 for none, and its row there.
    """
    named = [{column.name: column for column in part} for part in parts]
    records = list(zip(part_of.tolist(), row_in.tolist(), strict=True))
    columns = []
    for name in dict.fromkeys(name for part in named for name in part):
        of_part = [part.get(name) for part in named]
        kinds = {column.kind for column in of_part if column is not None}
        mixed = len(kinds) > 1
        of_part = [column.as_text() if column is not None and mixed else column for column in of_part]
        cells: list[Cell] = []
        for part, row in records:
            column = of_part[part] if part >= 0 else None
            cells.append(None if column is None else column.cells[row])
        columns.append(Column(name, ColumnKind.TEXT if mixed else kinds.pop(), tuple(cells)))
    return tuple(columns)
