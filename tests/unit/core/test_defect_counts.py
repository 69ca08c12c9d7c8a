"""Numbers of found defects per cluster, folder and value of a column, in the report and against clusters."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from defect_workbench.core.images.detections import Box
from defect_workbench.core.project.defect_counts import counts_per_cluster, counts_per_value
from defect_workbench.core.project.found_defects import FoundDefects, drawn
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.project.side_data import SideData
from defect_workbench.core.table_columns import Column, ColumnKind
from defect_workbench.engine.clustering.association import associations
from defect_workbench.storage.report.defect_count_tables import defect_count_tables
from tests.builders import made_project

PIT, BUMP = drawn(Box(1, 1, 5, 5, "pit")), drawn(Box(2, 2, 6, 6, "bump"))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project whose first image nobody searched; the others have 0 to 2 defects in turn."""
    made = made_project(tmp_path / "lot")
    of = (None, *(((), (PIT,), (PIT, BUMP))[index % 3] for index in range(1, len(made.images))))
    checked = np.zeros(len(of), bool)
    checked[:4] = True
    return replace(made, found=FoundDefects(of, checked, "the classical finder"))


def test_defects_are_counted_per_cluster_without_unsearched_images(project: Project) -> None:
    found = project.found
    assert found is not None
    rows = counts_per_cluster(project, found)
    searched = len(project.images) - 1
    assert sum(row.images for row in rows) == searched
    assert sum(row.defects for row in rows) == np.nansum(found.counts)
    assert sum(row.clean for row in rows) == (found.counts == 0).sum()
    assert sum(row.kinds.get("bump", 0) for row in rows) == (found.counts == 2).sum()


def test_rare_values_are_counted_together(project: Project) -> None:
    found = project.found
    assert found is not None
    values = ["a", "a", "a", "b", "b", "c", "d"] + [""] * (len(found.of) - 7)
    rows = counts_per_value(found, values, 2)
    counts = [(row.name, row.images, row.defects) for row in rows]
    assert counts == [
        ("a", 2, 3),
        ("b", 2, 1),
        ("2 others", 2, 2),
    ]


def _cells(count: int, *cells: str) -> tuple[str, ...]:
    return tuple(cells[index % len(cells)] for index in range(count))


def test_the_report_counts_defects_per_cluster_and_recipe_step(project: Project) -> None:
    count = len(project.images)
    columns = (
        Column("step", ColumnKind.TEXT, _cells(count, "etch", "litho")),
        Column("operator's remark", ColumnKind.TEXT, tuple(f"remark {index}" for index in range(count))),
        Column("dose", ColumnKind.NUMBER, (1.0,) * count),
    )
    side = SideData("steps.csv", "0" * 64, "file", columns, (True,) * count, (), ())
    tables = defect_count_tables(replace(project, side=side))
    assert [table.title for table in tables] == ["Found defects", "Found defects per step"]
    clusters, steps = tables
    assert clusters.columns == ("Cluster", "Images", "Without defect", "Defects", "Per image", "pit", "bump")
    assert "Found by the classical finder. The boxes of 3 of" in clusters.note
    assert "1 image could not be searched and is not counted." in clusters.note
    assert [row[0] for row in steps.rows] == ["etch", "litho", "All"]
    assert clusters.rows[-1] == steps.rows[-1]
    for column in (1, 2, 3, 5, 6):
        assert sum(int(row[column]) for row in steps.rows[:-1]) == int(steps.rows[-1][column])


def test_the_report_of_unsearched_images_counts_nothing(project: Project) -> None:
    assert defect_count_tables(replace(project, found=None)) == []
    assert associations(replace(project, found=None)) == []


def test_counts_and_kinds_are_compared_with_clusters(project: Project) -> None:
    number, kinds = associations(project)
    assert (number.column, kinds.column) == ("number of defects", "kinds of defects")
    assert number.images == kinds.images == len(project.images) - 1
    assert set(kinds.columns) == {"no defect", "pit", "bump + pit"}
    assert kinds.table.sum() == kinds.images
