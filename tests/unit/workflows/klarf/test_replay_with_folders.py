"""Replays of projects of inspection files to which folders of images were added."""

import shutil
from pathlib import Path

import pytest

from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.progress import SilentReporter
from defect_workbench.core.project.project_state import Project
from defect_workbench.storage.session.session_file import save_session
from defect_workbench.workflows.add_folder import add_folder
from defect_workbench.workflows.extract import FeatureOptions
from defect_workbench.workflows.klarf.image_listing import ImageSource
from defect_workbench.workflows.replay import ReplayRequest, replay
from tests.builders import made_lot, picture
from tests.klarf_lots import made_klarf
from tests.unit.workflows.klarf.test_klarf_projects import opened

pytestmark = pytest.mark.usefixtures("small_reports")


@pytest.fixture
def offline(tmp_path: Path) -> FeatureOptions:
    return FeatureOptions(tmp_path / "store", tmp_path / "weights", offline=True)


def with_folder(lot: Path, plain: Path, offline: FeatureOptions) -> Project:
    """Return a project of inspection files, with a folder of 5 images and a broken one added."""
    made_klarf(lot, 6)
    made_lot(plain, 5)
    (plain / "broken.png").write_bytes(b"not a picture")
    added = add_folder(opened(lot, offline, klarf=True), ImageSource(plain), offline, SilentReporter())
    assert added.new == 5
    return added.project


def replayed(project: Project, offline: FeatureOptions, root: Path, folder: Path | None = None) -> Project:
    save_session(root / "a.dwb", project)
    return replay(ReplayRequest(root / "a.dwb", root / "out", folder), offline, SilentReporter()).project


@pytest.mark.parametrize("plain", ["plain", "lot/plain"], ids=["beside", "below"])
def test_inspection_files_and_an_added_folder_are_replayed(
    tmp_path: Path, plain: str, offline: FeatureOptions
) -> None:
    project = with_folder(tmp_path / "all" / "lot", tmp_path / "all" / plain, offline)
    assert len(project.images) == 11
    again = replayed(project, offline, tmp_path)
    assert again.images.images == project.images.images


def test_it_is_replayed_where_it_was_moved_to(tmp_path: Path, offline: FeatureOptions) -> None:
    project = with_folder(tmp_path / "all" / "lot", tmp_path / "all" / "plain", offline)
    shutil.move(tmp_path / "all", tmp_path / "moved")
    assert len(replayed(project, offline, tmp_path, tmp_path / "moved").images) == 11


@pytest.mark.parametrize("plain", ["plain", "lot/plain"], ids=["beside", "below"])
def test_what_changed_in_the_added_folder_is_reported(
    tmp_path: Path, plain: str, offline: FeatureOptions
) -> None:
    folder = tmp_path / "all" / plain
    project = with_folder(tmp_path / "all" / "lot", folder, offline)
    picture(77).save(folder / "00.png")
    (folder / "01.png").unlink()
    (folder / "broken.png").unlink()
    with pytest.raises(WorkbenchError, match="has changed since the session was made") as told:
        replayed(project, offline, tmp_path)
    for words in ("00.png: changed", "01.png", "broken.png"):
        assert words in str(told.value)


def test_a_new_image_in_an_added_folder_is_reported(tmp_path: Path, offline: FeatureOptions) -> None:
    project = with_folder(tmp_path / "all" / "lot", tmp_path / "all" / "plain", offline)
    picture(78).save(tmp_path / "all" / "plain" / "new.png")
    with pytest.raises(WorkbenchError, match=r"plain/new\.png: new"):
        replayed(project, offline, tmp_path)
