"""What inspection files (KLARF) say about the images of a project."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from defect_workbench.core.arrays import Integers
from defect_workbench.core.table_columns import Cell, Column, ColumnKind
from defect_workbench.core.wafer.picture_choice import USUAL, PictureChoice
from defect_workbench.core.wafer.wafer_places import NO_WAFER, WaferPlaces

NO_SOURCE = -1


@dataclass(frozen=True, slots=True)
class InspectionFile:
    """A KLARF file.

    Attributes
    ----------
    path : str
        Relative to the root of the image set, with '/' as separator.
    sha256 : str
        Of its content when it was read.
    version : str
        Such as `1.2`.
    """

    path: str
    sha256: str
    version: str


@dataclass(frozen=True, eq=False)
class Inspection:
    """The records of the images' defects in inspection files, in the order of the image set.

    Attributes
    ----------
    files : tuple of InspectionFile
    file_of : (n,) intp
        Index of the file; `NO_SOURCE` for an image that none names.
    row : (n,) intp
        The defect's number in its file, from 0, over all of its lists.
    defect_id : (n,) intp
        As the file numbers it; not always unique.
    places : WaferPlaces
    columns : tuple of Column
        What else the records say, under the names that the files use; one cell per image.
    choice : PictureChoice
        Which pictures of the files are images of the set.
    """

    files: tuple[InspectionFile, ...]
    file_of: Integers
    row: Integers
    defect_id: Integers
    places: WaferPlaces
    columns: tuple[Column, ...] = ()
    choice: PictureChoice = USUAL

    def __len__(self) -> int:
        return len(self.file_of)

    def take(self, indices: Sequence[int] | Integers) -> Inspection:
        """Return the records of some images, (m,), in the given order; -1: an image without one."""
        chosen = np.asarray(indices, np.intp)
        new = chosen < 0
        at = np.where(new, 0, chosen)
        columns = tuple(
            replace(
                column, cells=tuple(None if index < 0 else column.cells[index] for index in chosen.tolist())
            )
            for column in self.columns
        )
        return replace(
            self,
            file_of=np.where(new, np.intp(NO_SOURCE), self.file_of[at]),
            row=np.where(new, np.intp(-1), self.row[at]),
            defect_id=np.where(new, np.intp(-1), self.defect_id[at]),
            places=self.places.take(chosen),
            columns=columns,
        )


def wafer_columns(places: WaferPlaces) -> tuple[Column, ...]:
    """Return lot, wafer, slot, step, recipe, tool, time and place of each image as columns.

    Columns without any value are left out. Lengths are in micrometres.
    """
    wafers = [None if index == NO_WAFER else places.wafers[index] for index in places.wafer_of.tolist()]
    texts: dict[str, list[Cell]] = {
        "lot": [None if wafer is None else wafer.lot or None for wafer in wafers],
        "wafer": [None if wafer is None else wafer.name or None for wafer in wafers],
        "slot": [None if wafer is None else wafer.slot or None for wafer in wafers],
        "step": [None if wafer is None else wafer.step or None for wafer in wafers],
        "recipe": [None if wafer is None else wafer.recipe or None for wafer in wafers],
        "tool": [None if wafer is None else wafer.tool or None for wafer in wafers],
        "time": [None if wafer is None else wafer.time or None for wafer in wafers],
    }
    numbers = {
        "x_um": places.x_um,
        "y_um": places.y_um,
        "radius_um": places.radius_um,
        "die_x": places.die_x,
        "die_y": places.die_y,
    }
    columns = [Column(name, ColumnKind.TEXT, tuple(cells)) for name, cells in texts.items()]
    for name, values in numbers.items():
        cells = tuple(value if np.isfinite(value) else None for value in values.tolist())
        columns.append(Column(name, ColumnKind.NUMBER, cells))
    return tuple(column for column in columns if any(cell is not None for cell in column.cells))
