"""Outlier groups in files: session, manifest, report."""

import csv
import io
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from defect_workbench.core.clustering.clustering_result import NO_GROUP
from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.progress import SilentReporter
from defect_workbench.core.project.decisions import Decisions
from defect_workbench.core.project.project_state import Project
from defect_workbench.engine.clustering.group import regroup
from defect_workbench.storage.report.project_tables import outlier_tables
from defect_workbench.storage.result.manifest import COLUMNS, manifest_text, rows
from defect_workbench.storage.session.session_file import load_session, save_session
from tests.builders import made_project, with_outlier_groups
from tests.unit.storage.exports import do_export, table
from tests.unit.storage.test_forged import forge

pytestmark = pytest.mark.usefixtures("small_reports")

COUNT = 159


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Of 150 images, and two outlier groups of 5 and 4."""
    return made_project(tmp_path_factory.mktemp("lot") / "lot", vectors=with_outlier_groups((5, 4)))


def part_of(project: Project, images: range) -> Project:
    """Some images of the set, grouped on their own."""
    kept = np.array(images)
    analysis = project.analysis
    blocks = {name: block[kept] for name, block in analysis.blocks.items()}
    smaller = regroup(blocks, analysis.backbone, analysis.settings, SilentReporter())
    chosen = tuple(project.images.images[i] for i in images)
    listed = replace(project.images, images=chosen)
    return replace(project, images=listed, analysis=smaller, decisions=Decisions.none(len(kept)))


def without_entry(session: Path, target: Path, name: str, content: bytes | None = None) -> Path:
    with zipfile.ZipFile(session) as old, zipfile.ZipFile(target, "w") as new:
        for entry in old.namelist():
            if entry != name:
                new.writestr(entry, old.read(entry))
        if content is not None:
            new.writestr(name, content)
    return target


def test_manifest_numbers_the_groups_from_1_in_its_last_column(project: Project) -> None:
    header = manifest_text(rows(project)).splitlines()[0].split(",")
    assert header[:9][-1] == "exported_as"
    assert "outlier_group" in header[9:]
    found = rows(project)
    groups = project.analysis.outlier_groups
    assert set(groups[-9:-4].tolist()) | set(groups[-4:].tolist()) == {0, 1}
    for row, group in zip(found, groups.tolist(), strict=True):
        assert row.outlier_group == (None if group == NO_GROUP else group + 1)
        assert row.outlier or row.outlier_group is None
    outliers = [row.cluster for row in found if row.outlier]
    assert len(set(outliers)) == len(outliers)


def test_session_keeps_the_groups(project: Project, tmp_path: Path) -> None:
    save_session(tmp_path / "s.dwb", project)
    again = load_session(tmp_path / "s.dwb")
    np.testing.assert_array_equal(again.analysis.outlier_groups, project.analysis.outlier_groups)
    assert again.analysis.settings == project.analysis.settings
    assert manifest_text(rows(again)) == manifest_text(rows(project))
    save_session(tmp_path / "t.dwb", again)
    assert (tmp_path / "t.dwb").read_bytes() == (tmp_path / "s.dwb").read_bytes()


def test_session_of_an_earlier_version_opens_without_groups_and_with_its_outliers(
    project: Project, tmp_path: Path
) -> None:
    save_session(tmp_path / "s.dwb", project)
    earlier = load_session(without_entry(tmp_path / "s.dwb", tmp_path / "old.dwb", "outlier_groups.npy"))
    assert not earlier.analysis.settings.outlier_groups
    assert earlier.partition.outlier_group_count == 0
    np.testing.assert_array_equal(earlier.partition.outliers, project.partition.outliers)
    assert {row.outlier_group for row in rows(earlier)} == {None}
    save_session(tmp_path / "again.dwb", earlier)
    assert not load_session(tmp_path / "again.dwb").analysis.settings.outlier_groups


@pytest.mark.parametrize(
    "groups",
    [
        np.zeros(3, np.int32),
        np.zeros((COUNT, 2), np.int32),
        np.zeros(COUNT, np.float64),
        np.full(COUNT, -2, np.int32),
        np.full(COUNT, COUNT, np.int32),
    ],
    ids=["too few", "two columns", "no whole numbers", "negative", "too many"],
)
def test_damaged_groups_are_refused(groups: np.ndarray, project: Project, tmp_path: Path) -> None:
    save_session(tmp_path / "s.dwb", project)
    stream = io.BytesIO()
    np.save(stream, groups)
    damaged = without_entry(tmp_path / "s.dwb", tmp_path / "bad.dwb", "outlier_groups.npy", stream.getvalue())
    with pytest.raises(WorkbenchError, match="damaged"):
        load_session(damaged)


def test_added_images_join_the_group_of_the_earlier_export_and_new_groups_get_new_numbers(
    project: Project, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    do_export(part_of(project, range(COUNT - 4)), out)
    before = (out / "manifest.csv").read_text()
    assert {row["outlier_group"] for row in table(out / "manifest.csv")[-5:]} == {"1"}
    do_export(project, out, add=True)
    assert (out / "manifest.csv").read_text().startswith(before)
    assert {row["outlier_group"] for row in table(out / "manifest.csv")[-4:]} == {"2"}

    joined = tmp_path / "joined"
    do_export(part_of(project, range(COUNT - 1)), joined)
    do_export(project, joined, add=True)
    numbers = [row["outlier_group"] for row in table(joined / "manifest.csv")[-4:]]
    assert numbers[0]
    assert len(set(numbers)) == 1


def test_manifest_without_the_column_is_added_to_as_it_is(project: Project, tmp_path: Path) -> None:
    out = tmp_path / "out"
    do_export(part_of(project, range(COUNT - 4)), out)
    lines = csv.reader((out / "manifest.csv").read_text().splitlines())
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(line[:9] for line in lines)
    forge(out, "manifest.csv", text.getvalue())
    do_export(project, out, add=True)
    after = (out / "manifest.csv").read_text()
    assert after.startswith(text.getvalue())
    assert len(after.splitlines()) == COUNT + 1
    assert all(row.keys() == set(COLUMNS.names[:9]) for row in table(out / "manifest.csv"))


def test_report_lists_the_group_of_each_outlier_if_there_are_any(project: Project) -> None:
    (listed,) = outlier_tables(project)
    assert listed.columns[-1] == "Outlier group"
    assert {row[-1] for row in listed.rows} <= {"1", "2", "—"}
    none = np.full(COUNT, NO_GROUP, np.int32)
    alone = replace(project, analysis=replace(project.analysis, found_groups=none))
    (listed,) = outlier_tables(alone)
    assert listed.columns[-1] == "Now in"
    assert all(len(row) == 4 for row in listed.rows)
