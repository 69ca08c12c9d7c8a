"""Metadata, measurements and side data of each image, as columns to filter and colour by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Floats
from defect_workbench.core.images.image_records import ImageRecord
from defect_workbench.core.images.instrument import METADATA_FIELDS, NO_METADATA
from defect_workbench.core.images.measurements import Measurements
from defect_workbench.core.project.image_notes import BETWEEN_TAGS
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.project.proposal import Proposal
from defect_workbench.core.table_columns import Column as TableColumn
from defect_workbench.core.table_columns import ColumnKind
from defect_workbench.core.wafer.inspection import NO_SOURCE, Inspection, wafer_columns

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


ColumnParts = Mapping[str, tuple[object, tuple[Column, ...]]]
"""Columns by the part of a project that they come from, with that part."""


class ColumnCache:
    """The columns of the open project; only those whose source changed are made again."""

    def __init__(self) -> None:
        self._parts: ColumnParts = {}
        self._columns: Mapping[str, Column] = {}
        self._noted_parts: tuple[object, object] | None = None
        self._noted: Mapping[str, Column] = {}

    def of(self, project: Project | None, prepared: ColumnParts) -> Mapping[str, Column]:
        """Return the columns of a project, by lower-case name.

        Parameters
        ----------
        prepared : ColumnParts
            Made by a job: those of many images need longer than the window may wait.
        """
        if project is None:
            return {}
        known = self._parts
        self._parts = column_parts(project, known, prepared)
        if not self._columns or any(known.get(name) is not part for name, part in self._parts.items()):
            self._columns, self._noted_parts = _merged(self._parts), None
        before = self._noted_parts
        if before is None or before[0] is not project.image_notes or before[1] is not project.found:
            self._noted_parts = project.image_notes, project.found
            self._noted = with_found(with_notes(self._columns, project), project)
        return self._noted


def column_parts(project: Project, *known: ColumnParts) -> ColumnParts:
    """Return the columns of a project, without what users wrote.

    Parameters
    ----------
    *known : ColumnParts
        Made before; what comes from the same parts is used again.
    """
    result: dict[str, tuple[object, tuple[Column, ...]]] = {}
    for name, source_of, make in _PARTS:
        source = source_of(project)
        made = [parts[name] for parts in known if name in parts and parts[name][0] is source]
        if made:
            result[name] = made[0]
        else:
            columns = () if source is None else tuple(make(source))
            result[name] = source, tuple(column for column in columns if _has_values(column))
    return result


def _merged(parts: ColumnParts) -> dict[str, Column]:
    """Return the columns of all parts; texts precede numbers, and both what files and tables hold."""
    own = [column for name in _OWN for column in parts[name][1]]
    columns = {column.name: column for column in sorted(own, key=lambda column: column.numeric)}
    # A joined table takes precedence over what the files hold.
    for name in ("inspection", "side"):
        columns |= {column.name.casefold(): column for column in parts[name][1]}
    return columns


def _size_columns(images: Sequence[ImageRecord]) -> Iterable[Column]:
    yield _texts("folder", [image.path.rpartition("/")[0] for image in images])
    yield _texts(NOTE, [image.note for image in images])
    yield _numbers("width", [image.width for image in images])
    yield _numbers("height", [image.height for image in images])


def _metadata_columns(images: Sequence[ImageRecord]) -> Iterable[Column]:
    tools = [image.tool or NO_METADATA for image in images]
    if any(tools):
        for field in METADATA_FIELDS:
            if field.numeric:
                yield _numbers(field.name, [_number(field.value(tool)) for tool in tools])
            else:
                yield _texts(field.name, [str(field.value(tool)) for tool in tools])
    for name in ("defects", "diameter", "aspect", "contrast", "noise"):
        yield _numbers(name, [_measured(image.measured, name) for image in images])


def _proposal_columns(proposal: Proposal) -> Iterable[Column]:
    yield _texts("proposed", list(proposal.labels))
    yield _numbers("probability", proposal.probability)


def _texts(name: str, values: Sequence[str]) -> Column:
    return Column(name, np.array(values, np.object_))


def _numbers(name: str, values: Sequence[float] | NDArray[np.floating[Any]]) -> Column:
    return Column(name, np.asarray(values, np.float64))


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


def _inspection_columns(inspection: Inspection) -> Iterable[Column]:
    """Return wafer, place and records of the inspection files."""
    defects = np.where(inspection.file_of == NO_SOURCE, np.nan, inspection.defect_id.astype(np.float64))
    own = _as_columns(inspection.columns)
    return [*own, Column("defect_id", defects), *_as_columns(wafer_columns(inspection.places))]


def _as_columns(table: Iterable[TableColumn]) -> list[Column]:
    """Return the columns of a table."""
    columns = []
    for column in table:
        if column.kind is ColumnKind.NUMBER:
            # Empty cells, which are None, become NaN.
            values: Floats | NDArray[np.object_] = np.array(column.cells, np.float64)
        else:
            values = np.array(["" if cell is None else str(cell) for cell in column.cells], np.object_)
        columns.append(Column(_typed(column.name), values))
    return columns


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


# In the order of the columns: name of the part, where it is in a project, and what makes its columns.
_PARTS: tuple[tuple[str, Callable[[Project], Any], Callable[[Any], Iterable[Column]]], ...] = (
    ("size", lambda project: project.images.images, _size_columns),
    ("score", lambda project: project.analysis.outlier_scores, lambda scores: [_numbers("score", scores)]),
    ("metadata", lambda project: project.images.images, _metadata_columns),
    ("maps", lambda project: project.maps, lambda maps: [_numbers("strangeness", maps.strangeness)]),
    ("proposal", lambda project: project.proposal, _proposal_columns),
    ("inspection", lambda project: project.inspection, _inspection_columns),
    ("side", lambda project: project.side, lambda side: _as_columns(side.columns)),
)
_OWN = ("size", "score", "metadata", "maps", "proposal")
