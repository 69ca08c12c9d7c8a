"""Columns of a project are made by jobs, and only again if their source changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from defect_workbench.app import columns as making
from defect_workbench.app.columns import ColumnCache
from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.jobs.open_job import prepare
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.project.side_data import SideData
from defect_workbench.core.table_columns import Column, ColumnKind
from defect_workbench.core.wafer.inspection import Inspection, InspectionFile
from defect_workbench.core.wafer.wafer_places import WaferPlaces
from tests.builders import made_project


@pytest.fixture
def project() -> Project:
    """Return a project of images with records of an inspection file, one of them without."""
    built = made_project(Path("/nowhere"), (4, 2))
    count = len(built.images)
    cells = (1.0, 2.5, None, 4.0, 5.0, None)
    inspection = Inspection(
        (InspectionFile("lot.001", "0" * 64, "1.2"),),
        np.array([0, 0, 0, 0, 0, -1]),
        np.array([0, 1, 2, 3, 4, -1]),
        np.array([11, 12, 13, 14, 15, -1]),
        WaferPlaces.nowhere(count),
        (
            Column("DSIZE", ColumnKind.NUMBER, cells),
            Column("NAME", ColumnKind.TEXT, ("a", None, "b", "a", "a", None)),
            Column("EMPTY", ColumnKind.NUMBER, (None,) * count),
        ),
    )
    return replace(built, inspection=inspection)


def test_cells_of_records_become_numbers_and_texts(project: Project) -> None:
    columns = ColumnCache().of(project, {})
    assert "empty" not in columns
    np.testing.assert_array_equal(columns["dsize"].values, [1.0, 2.5, np.nan, 4.0, 5.0, np.nan])
    np.testing.assert_array_equal(columns["defect_id"].values, [11, 12, 13, 14, 15, np.nan])
    assert columns["name"].values.tolist() == ["a", "", "b", "a", "a", ""]


def test_the_window_makes_only_columns_that_no_job_has_made(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, document, made = prepare(project), Document(), list[str]()
    has_values = making._has_values

    def noted(column: making.Column) -> bool:
        made.append(column.name)
        return has_values(column)

    monkeypatch.setattr(making, "_has_values", noted)
    document.show(opened)
    assert "dsize" in document.columns
    document.regroup(replace(opened, project=replace(opened.project, clusters=2)))
    assert "dsize" in document.columns
    # At 66,000 records, making them would stall the window.
    assert made == []
    count = len(project.images)
    table = (Column("lot", ColumnKind.TEXT, ("A",) * count),)
    document.join(SideData("lots.csv", "0" * 64, "file", table, (True,) * count))
    assert document.columns["lot"].values.tolist() == ["A"] * count
    assert made == ["lot"]
    document.undo_stack.undo()
    assert "lot" not in document.columns
    assert made == ["lot"]
