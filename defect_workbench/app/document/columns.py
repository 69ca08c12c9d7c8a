"""Metadata, measurements and side data of each image, as columns to filter and colour by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Floats
from defect_workbench.core.images.instrument import METADATA_FIELDS, InstrumentMetadata
from defect_workbench.core.images.measurements import Measurements
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.project.side_data import ColumnKind


@dataclass(frozen=True, eq=False)
class Column:
    """One value per image.

    Attributes
    ----------
    values : (n,) float64 or object
        Numbers (NaN if missing), or texts (empty if missing).
    """

    name: str
    values: Floats | NDArray[np.object_]

    @property
    def numeric(self) -> bool:
        """Whether it holds numbers."""
        return self.values.dtype != np.object_


def columns_of(project: Project) -> dict[str, Column]:
    """Return the columns of a project that hold any value, by lower-case name."""
    images = project.images.images
    texts = {
        "folder": [image.path.rpartition("/")[0] for image in images],
        "note": [image.note for image in images],
    }
    numbers: dict[str, Sequence[float] | NDArray[np.floating[Any]]] = {
        "width": [image.width for image in images],
        "height": [image.height for image in images],
        "score": project.analysis.outlier_scores,
    }
    tools = [image.tool or InstrumentMetadata() for image in images]
    for field in METADATA_FIELDS:
        if field.numeric:
            numbers[field.name] = [_number(field.value(tool)) for tool in tools]
        else:
            texts[field.name] = [str(field.value(tool)) for tool in tools]
    for name in ("defects", "diameter", "aspect", "contrast", "noise"):
        numbers[name] = [_measured(image.measured, name) for image in images]
    if project.maps is not None:
        numbers["strangeness"] = project.maps.strangeness
    if project.proposal is not None:
        texts["proposed"] = list(project.proposal.labels)
        numbers["probability"] = project.proposal.probability
    candidates = [Column(name, np.array(values, np.object_)) for name, values in texts.items()]
    candidates += [Column(name, np.asarray(values, np.float64)) for name, values in numbers.items()]
    columns = {column.name: column for column in candidates if _has_values(column)}
    for column in _side_columns(project):
        # A joined table takes precedence over what the files hold.
        columns[column.name.casefold()] = column
    return columns


def _side_columns(project: Project) -> list[Column]:
    """Return the columns of the joined table; filters are typed, so spaces in their names become '_'."""
    columns = []
    for column in project.side.columns if project.side is not None else ():
        name = "_".join(column.name.split())
        if column.kind is ColumnKind.NUMBER:
            numbers = [_number(cell) for cell in column.cells]
            columns.append(Column(name, np.array(numbers, np.float64)))
        else:
            texts = ["" if cell is None else str(cell) for cell in column.cells]
            columns.append(Column(name, np.array(texts, np.object_)))
    return [column for column in columns if _has_values(column)]


def _measured(measured: Measurements | None, name: str) -> float:
    if measured is None or (name not in ("defects", "noise") and not measured.defects):
        return float("nan")
    return float(getattr(measured, name))


def _number(value: float | str | None) -> float:
    return float("nan") if value is None else float(value)


def _has_values(column: Column) -> bool:
    if column.numeric:
        return bool(np.isfinite(np.asarray(column.values, np.float64)).any())
    return any(column.values)
