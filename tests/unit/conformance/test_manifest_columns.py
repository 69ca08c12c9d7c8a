"""What every column of the manifest keeps to, and that a new one needs no other change."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from defect_workbench.core.progress import SilentReporter
from defect_workbench.engine.input.thumbnail import thumbnail
from defect_workbench.storage.report.project_report import ReportInputs
from defect_workbench.storage.result.append import read_earlier
from defect_workbench.storage.result.export_options import Mode
from defect_workbench.storage.result.manifest import (
    COLUMNS,
    Column,
    MoreColumns,
    Row,
    longer_manifest_text,
    manifest_text,
)
from defect_workbench.storage.result.result_folder import export
from tests.builders import made_project

pytestmark = pytest.mark.usefixtures("small_reports")

ROW = Row("=a/b.png", "0" * 64, "@pit", 3, False, 1.5, "=ring", 0.25, "@pit/=b.png")
ALONE = replace(ROW, outlier=True, nearest_cluster="", distance=None)
# The manifest of the first version; it never changes.
FIRST = (
    "path", "sha256", "label", "cluster", "outlier", "outlier_score", "nearest_cluster", "distance",
    "exported_as",
)  # fmt: skip
DUMMY = Column("dummy", lambda row: str(len(row.path)))


def test_columns_of_the_first_version_come_first_and_are_the_required_ones() -> None:
    assert COLUMNS.names[:9] == FIRST
    assert tuple(column.name for column in COLUMNS if column.required) == FIRST


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.name)
@pytest.mark.parametrize("row", [ROW, ALONE], ids=["image", "outlier"])
def test_cells_are_text_that_no_spreadsheet_takes_for_a_formula(column: Column, row: Row) -> None:
    cell = column.cell(row)
    assert cell == column.cell(row)
    assert not cell.startswith(("=", "+", "@", "\t", "\r"))
    assert column.name.isidentifier()


def test_new_column_is_the_last_one_also_behind_those_of_a_classifier() -> None:
    with COLUMNS.including(DUMMY):
        text = manifest_text([ROW], MoreColumns(("class",), {ROW.path: ("pit",)}))
    header, line = csv.reader(text.splitlines())
    later = [column.name for column in COLUMNS if not column.required]
    assert header == [*FIRST, "class", *later, "dummy"]
    cells = dict(zip(header, line, strict=True))
    assert (cells["class"], cells["dummy"]) == ("pit", "8")


def test_new_column_is_written_read_and_continued(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with COLUMNS.including(DUMMY):
        export(
            made_project(tmp_path / "lot", (8, 6)),
            out,
            Mode.COPY,
            ReportInputs({}, thumbnail),
            SilentReporter(),
        )
        before = (out / "manifest.csv").read_text(encoding="utf-8")
        assert read_earlier(out).columns == COLUMNS.names
        assert COLUMNS.names[-1] == "dummy"
        more = made_project(tmp_path / "more", (8, 6, 5))
        export(more, out, Mode.COPY, ReportInputs({}, thumbnail), SilentReporter(), add=True)
    assert (out / "manifest.csv").read_text(encoding="utf-8").startswith(before)
    with (out / "manifest.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) > 14
    assert all(row["dummy"] == str(len(row["path"])) for row in rows)


def test_earlier_manifest_without_the_new_column_is_continued_as_it_is() -> None:
    with COLUMNS.including(DUMMY):
        text = longer_manifest_text(FIRST, [], [ROW])
    header, line = csv.reader(text.splitlines())
    assert tuple(header) == FIRST
    assert line == [column.cell(ROW) for column in COLUMNS if column.required]
