"""Tables of the report with the numbers of found defects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from defect_workbench.core.project.defect_counts import (
    DefectCount,
    count_defects,
    counts_per_cluster,
    counts_per_value,
)
from defect_workbench.core.project.found_defects import FoundDefects
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.table_columns import ColumnKind
from defect_workbench.core.text import counted
from defect_workbench.storage.report.report_content import ReportTable

_MOST_KINDS, _MOST_VALUES = 8, 20


def defect_count_tables(project: Project) -> list[ReportTable]:
    """Return the numbers of found defects per cluster, per folder and per value of each column of text.

    There are none if the images were not searched. Columns with a different value for each image are omitted.
    """
    found = project.found
    if found is None or not np.isfinite(found.counts).any():
        return []
    every = count_defects(found, "All", range(len(found.of)))
    kinds = [kind for kind, _ in Counter(every.kinds).most_common(_MOST_KINDS)]
    rows = counts_per_cluster(project, found)
    tables = [_table("Found defects", "Cluster", rows, every, kinds, _note(found), part=False)]
    folders = [image.path.rpartition("/")[0] for image in project.images.images]
    if len(set(folders)) > 1:
        named = [folder or "(top folder)" for folder in folders]
        per_folder = counts_per_value(found, named, _MOST_VALUES)
        tables.append(_table("Found defects per folder", "Folder", per_folder, every, kinds))
    for column in project.side.columns if project.side is not None else ():
        values = ["" if cell is None else str(cell) for cell in column.cells]
        given = [value for value in values if value]
        if column.kind is ColumnKind.TEXT and len(set(given)) < len(given):
            per_value = counts_per_value(found, values, _MOST_VALUES)
            tables.append(
                _table(f"Found defects per {column.name}", column.name[:30], per_value, every, kinds)
            )
    return tables


def _note(found: FoundDefects) -> str:
    searched = np.isfinite(found.counts)
    lines = [f"Found by {found.source}." if found.source else ""]
    checked = int((found.checked & searched).sum())
    lines.append(
        f"The boxes of {checked:,} of {counted(int(searched.sum()), 'image')} have been reviewed."
        if checked
        else "The boxes have not been reviewed."
    )
    if not searched.all():
        number = int((~searched).sum())
        lines.append(f"{counted(number, 'image')} could not be searched and {_verb(number)} not counted.")
    return " ".join(filter(None, lines))


def _verb(number: int) -> str:
    return "is" if number == 1 else "are"


def _table(
    title: str,
    first: str,
    rows: Sequence[DefectCount],
    every: DefectCount,
    kinds: Sequence[str],
    note: str = "",
    *,
    part: bool = True,
) -> ReportTable:
    other = len(every.kinds) > len(kinds)
    header = (
        first,
        "Images",
        "Without defect",
        "Defects",
        "Per image",
        *(kind[:30] for kind in kinds),
        *(["Other kinds"] if other else []),
    )
    cells = tuple(_cells(row, kinds, other) for row in (*rows, every))
    return ReportTable(title, header, cells, note, frozenset(range(1, len(header))), part=part)


def _cells(row: DefectCount, kinds: Sequence[str], other: bool) -> tuple[str, ...]:
    named = [row.kinds.get(kind, 0) for kind in kinds]
    numbers = [*named, *([row.defects - sum(named)] if other else [])]
    per_image = "" if row.per_image is None else f"{row.per_image:.2f}"
    return (
        row.name,
        f"{row.images:,}",
        f"{row.clean:,}",
        f"{row.defects:,}",
        per_image,
        *(f"{number:,}" for number in numbers),
    )
