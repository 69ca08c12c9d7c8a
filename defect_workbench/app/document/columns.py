"""Metadata, measurements and side data of each image, as columns to filter and colour by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Floats
from defect_workbench.core.images.instrument import METADATA_FIELDS, InstrumentMetadata
from defect_workbench.core.images.measurements import Measurements
from defect_workbench.core.project.image_notes import BETWEEN_TAGS
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.table_columns import Column as TableColumn
from defect_workbench.core.table_columns import ColumnKind
from defect_workbench.core.wafer.inspection import NO_SOURCE, wafer_columns

COUNT, KINDS = "count", "kinds"
TAG, NOTE = "tag", "note"


@dataclass(frozen=True, eq=False)
class Column:
    """One value per image.

    Attributes
    ----------
    values : (n,) float64 or object
        Numbers (NaN if missing), or texts (empty if missing).
    between : str
        What separates the parts of a text that can be compared each; empty if it has none.
    """

    name: str
    values: Floats | NDArray[np.object_]
    between: str = ""

    @property
    def numeric(self) -> bool:
        """Whether it holds numbers."""
        return self.values.dtype != np.object_

    def text_of(self, image: int) -> str:
        """Return the value of an image in words; empty if it has none."""
        value = self.values[image]
        if not self.numeric:
            return str(value)
        if not np.isfinite(value):
            return ""
        whole = abs(value) >= 100 or value == round(float(value))
        return f"{value:.0f}" if whole else f"{value:.3g}"


class ColumnCache:
    """The columns of the open project; only those whose source changed are made again."""

    def __init__(self) -> None:
        self._parts: tuple[object, ...] = ()
        self._columns: Mapping[str, Column] = {}
        self._noted_parts: tuple[object, object] | None = None
        self._noted: Mapping[str, Column] = {}

    def of(self, project: Project) -> Mapping[str, Column]:
        """Return the columns of a project, by lower-case name."""
        parts = project.images, project.analysis, project.side, project.proposal, project.inspection
        if len(parts) != len(self._parts) or any(a is not b for a, b in zip(parts, self._parts, strict=True)):
            self._parts, self._columns, self._noted_parts = parts, columns_of(project), None
        before = self._noted_parts
        if before is None or before[0] is not project.image_notes or before[1] is not project.found:
            self._noted_parts = project.image_notes, project.found
            self._noted = with_found(with_notes(self._columns, project), project)
        return self._noted


def columns_of(project: Project) -> dict[str, Column]:
    """Return the columns of a project that hold any value, by lower-case name, without what users wrote."""
    images = project.images.images
    texts = {
        "folder": [image.path.rpartition("/")[0] for image in images],
        NOTE: [image.note for image in images],
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
    for column in _inspection_columns(project):
        columns[column.name.casefold()] = column
    for column in _side_columns(project):
        # A joined table takes precedence over what the files hold.
        columns[column.name.casefold()] = column
    return columns


def with_notes(columns: Mapping[str, Column], project: Project) -> dict[str, Column]:
    """Return the columns with tags and notes of images; a joined table keeps its columns of these names."""
    notes, count = project.image_notes, len(project.images)
    result = dict(columns)
    side = project.side.columns if project.side is not None else ()
    joined = {_typed(column.name).casefold() for column in side}
    if notes.tags and TAG not in joined:
        values = np.full(count, "", np.object_)
        for image, tags in notes.tags.items():
            values[image] = BETWEEN_TAGS.join(tags)
        result[TAG] = Column(TAG, values, BETWEEN_TAGS)
    if notes.texts and NOTE not in joined:
        texts = np.full(count, "", np.object_)
        if NOTE in columns:
            # What the program noted when it read the files.
            texts[:] = columns[NOTE].values
        for image, text in notes.texts.items():
            texts[image] = "  ·  ".join(filter(None, (texts[image], text)))
        result[NOTE] = Column(NOTE, texts)
    return result


def with_found(columns: Mapping[str, Column], project: Project) -> dict[str, Column]:
    """Return the columns with the number and the kinds of found defects, unless a joined table has them."""
    found = project.found
    if found is None:
        return dict(columns)
    kinds = [" ".join(sorted({each.box.label for each in defects or ()})) for defects in found.of]
    own = (Column(COUNT, found.counts), Column(KINDS, np.array(kinds, np.object_), " "))
    side = project.side.columns if project.side is not None else ()
    joined = {_typed(column.name).casefold() for column in side}
    return dict(columns) | {
        column.name: column for column in own if column.name not in joined and _has_values(column)
    }


def _inspection_columns(project: Project) -> list[Column]:
    """Return wafer, place and records of the inspection files."""
    inspection = project.inspection
    if inspection is None:
        return []
    numbers = zip(inspection.defect_id.tolist(), inspection.file_of.tolist(), strict=True)
    cells = tuple(None if file == NO_SOURCE else float(defect) for defect, file in numbers)
    defects = TableColumn("defect_id", ColumnKind.NUMBER, cells)
    return _as_columns((*inspection.columns, defects, *wafer_columns(inspection.places)))


def _side_columns(project: Project) -> list[Column]:
    """Return the columns of the joined table."""
    return _as_columns(project.side.columns if project.side is not None else ())


def _as_columns(table: Iterable[TableColumn]) -> list[Column]:
    """Return those columns of a table that hold any value."""
    columns = []
    for column in table:
        name = _typed(column.name)
        if column.kind is ColumnKind.NUMBER:
            numbers = [_number(cell) for cell in column.cells]
            columns.append(Column(name, np.array(numbers, np.float64)))
        else:
            texts = ["" if cell is None else str(cell) for cell in column.cells]
            columns.append(Column(name, np.array(texts, np.object_)))
    return [column for column in columns if _has_values(column)]


def _typed(name: str) -> str:
    """Return a name as it is typed into a filter, where a space would end it."""
    return "_".join(name.split())


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
