"""Sessions of single defects."""

import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from defect_workbench.core.clustering.clustering_result import Settings
from defect_workbench.core.errors import InputError, WorkbenchError
from defect_workbench.core.images.defect_items import DefectOrigin, Items, SearchedImage, item_path
from defect_workbench.core.progress import SilentReporter
from defect_workbench.core.project.project_state import Project
from defect_workbench.storage.session.session_file import load_session, save_session
from defect_workbench.workflows.add_folder import add_folder
from defect_workbench.workflows.extract import FeatureOptions
from defect_workbench.workflows.klarf.image_listing import ImageSource
from defect_workbench.workflows.regroup import regroup
from tests.builders import made_project


def defects_of(project: Project) -> Project:
    """Return a project whose images are the defects of two images, with a clean third one."""
    parents = [image.path for image in project.images.images[:3]]
    counts = {parents[0]: 0, parents[1]: 0, parents[2]: 0}
    images = []
    for row, image in enumerate(project.images.images):
        parent = parents[row % 2]
        counts[parent] += 1
        origin = DefectOrigin(parent, counts[parent], (4, 5, 10, 12), (0, 1, 20, 21))
        path = item_path(parent, origin.number)
        images.append(replace(image, path=path, width=20, height=20, origin=origin))
    searched = tuple(
        SearchedImage(each.path, each.sha256, 40, 32, counts[each.path]) for each in project.images.images[:3]
    )
    analysis = replace(project.analysis, settings=replace(project.analysis.settings, items=Items.DEFECTS))
    return replace(
        project, images=replace(project.images, images=tuple(images), searched=searched), analysis=analysis
    )


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return defects_of(made_project(tmp_path / "lot"))


def test_a_session_keeps_parents_boxes_and_clean_images(project: Project, tmp_path: Path) -> None:
    save_session(tmp_path / "a.dwb", project)
    found = load_session(tmp_path / "a.dwb")
    assert found.images == project.images
    assert found.analysis.settings == project.analysis.settings
    assert [each.defects for each in found.images.searched] == [10, 9, 0]
    assert found.images.locations[0].endswith("#xywh=0,1,20,20")


def test_sessions_of_whole_images_stay_readable_for_earlier_versions(tmp_path: Path) -> None:
    save_session(tmp_path / "a.dwb", made_project(tmp_path / "lot"))
    with zipfile.ZipFile(tmp_path / "a.dwb") as archive:
        state = json.loads(archive.read("state.json"))
    assert state["format"] == 3
    assert "items" not in state["settings"]
    assert "searched" not in state


def damaged(path: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """Write the session again with another state."""
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    state = json.loads(entries["state.json"])
    change(state)
    entries["state.json"] = json.dumps(state).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return path


@pytest.mark.parametrize(
    "change",
    [
        lambda state: state["searched"].pop(0),
        lambda state: state["searched"][0].__setitem__(4, 2),
        lambda state: state["searched"][0].__setitem__(2, 10),
        lambda state: state["searched"][0].__setitem__(0, "../outside.png"),
        lambda state: state["searched"][1].__setitem__(0, state["searched"][0][0]),
        lambda state: state["images"][0].__setitem__(0, "other.png#d1"),
        lambda state: state["images"][0].__setitem__(2, 30),
        lambda state: state["settings"].__setitem__("items", "pages"),
        lambda state: state["searched"][0].__setitem__(2, "wide"),
    ],
)
def test_a_damaged_session_is_refused(
    project: Project, tmp_path: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    save_session(tmp_path / "a.dwb", project)
    with pytest.raises(WorkbenchError):
        load_session(damaged(tmp_path / "a.dwb", change))


def test_a_folder_cannot_be_added_to_single_defects(project: Project, tmp_path: Path) -> None:
    options = FeatureOptions(tmp_path / "store", tmp_path / "none", offline=True)
    with pytest.raises(InputError, match="cannot be added to a project of single defects"):
        add_folder(project, ImageSource(tmp_path), options, SilentReporter())


def test_other_references_would_find_other_defects(project: Project, tmp_path: Path) -> None:
    options = FeatureOptions(tmp_path / "store", tmp_path / "none", offline=True)
    settings = Settings(items=Items.DEFECTS, reference=str(tmp_path))
    with pytest.raises(WorkbenchError, match="open the folder again"):
        regroup(project, settings, options, SilentReporter())
