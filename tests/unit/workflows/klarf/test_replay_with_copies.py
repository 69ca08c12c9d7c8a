"""Replays of folders in which an inspection file has a copy."""

from dataclasses import replace
from pathlib import Path

import pytest

from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.images.image_records import Rejection
from defect_workbench.core.progress import SilentReporter
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.wafer.inspection import InspectionFile
from defect_workbench.core.wafer.picture_choice import PictureChoice
from defect_workbench.storage.session.session_file import save_session
from defect_workbench.workflows.extract import FeatureOptions
from defect_workbench.workflows.replay import ReplayRequest, replay
from tests.klarf_lots import made_klarf
from tests.unit.workflows.klarf.test_klarf_projects import opened

pytestmark = pytest.mark.usefixtures("small_reports")


@pytest.fixture
def offline(tmp_path: Path) -> FeatureOptions:
    return FeatureOptions(tmp_path / "store", tmp_path / "weights", offline=True)


def replayed(tmp_path: Path, project: Project, offline: FeatureOptions) -> Project:
    save_session(tmp_path / "a.dwb", project)
    return replay(ReplayRequest(tmp_path / "a.dwb", tmp_path / "out"), offline, SilentReporter()).project


def with_copy_as_before(project: Project) -> Project:
    """Return the project as earlier versions made it, which listed the copy as a file."""
    assert project.inspection is not None
    (file,) = project.inspection.files
    copy = InspectionFile("lot_classified.001", file.sha256, file.version)
    rejected = [
        Rejection(copy.path, f"line {27 + n}: another defect has the same picture, lot.tif#{n}")
        for n in range(1, 7)
    ]
    return replace(
        project,
        images=replace(project.images, rejected=tuple(rejected)),
        inspection=replace(project.inspection, files=(file, copy)),
    )


def test_a_session_with_a_copy_or_an_unreadable_file_is_replayed(
    tmp_path: Path, offline: FeatureOptions
) -> None:
    path = made_klarf(tmp_path / "lot", 6)
    (path.parent / "lot_classified.001").write_bytes(path.read_bytes())
    (path.parent / "broken.001").write_text("FileVersion 9 9;\nEndOfFile;\n")
    project = opened(path.parent, offline, klarf=True)
    assert {each.path for each in project.images.rejected} == {"broken.001", "lot_classified.001"}
    assert replayed(tmp_path, project, offline).images.images == project.images.images


def test_a_session_of_an_earlier_version_with_a_copy_is_replayed(
    tmp_path: Path, offline: FeatureOptions
) -> None:
    path = made_klarf(tmp_path / "lot", 6)
    (path.parent / "lot_classified.001").write_bytes(path.read_bytes())
    project = with_copy_as_before(opened(path.parent, offline, klarf=True))
    assert replayed(tmp_path, project, offline).images.images == project.images.images


def test_second_pictures_that_an_earlier_version_listed_for_a_copy_stay_in_its_session(
    tmp_path: Path, offline: FeatureOptions
) -> None:
    path = made_klarf(tmp_path / "lot", 6, reference_kind="1", dialect="1.8")
    every = opened(path, offline, choice=PictureChoice("all", "none"))
    assert len(every.images) == 12
    (path.parent / "lot_classified.001").write_bytes(path.read_bytes())
    before = with_copy_as_before(every)
    assert before.inspection is not None
    before = replace(before, inspection=replace(before.inspection, choice=PictureChoice()))
    assert replayed(tmp_path, before, offline).images.images == before.images.images


def test_a_picture_that_arrived_since_still_prevents_a_replay(
    tmp_path: Path, offline: FeatureOptions
) -> None:
    path = made_klarf(tmp_path / "lot", 6)
    content = path.read_bytes()
    path.write_bytes(content.replace(b"\n 6 ", b"\n 6 6 "))
    project = opened(path, offline)
    path.write_bytes(content)
    with pytest.raises(WorkbenchError, match=r"lot\.tif#6: new"):
        replayed(tmp_path, project, offline)
