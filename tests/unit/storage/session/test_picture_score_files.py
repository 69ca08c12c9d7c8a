"""Outlier scores of whole pictures in session files."""

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from defect_workbench.core.clustering.clustering_result import Settings
from defect_workbench.core.clustering.group_by import GroupBy
from defect_workbench.core.clustering.outlier_reason import outlier_reason
from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.progress import SilentReporter
from defect_workbench.core.project.project_state import Project
from defect_workbench.engine.clustering.group import analyse
from defect_workbench.storage.session.session_file import load_session, save_session
from tests.builders import made_project, mixed_features

SCORES = "picture_scores.npy"


def forged(session: Path, target: Path, change: dict[str, bytes | None]) -> Path:
    """Copy a session with other entries; None leaves an entry out."""
    with zipfile.ZipFile(session) as old:
        entries = {name: old.read(name) for name in old.namelist()} | change
    with zipfile.ZipFile(target, "w") as new:
        for name, content in entries.items():
            if content is not None:
                new.writestr(name, content)
    return target


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    features = mixed_features()
    made = made_project(tmp_path_factory.mktemp("lot") / "lot", vectors=features.blocks["deep"])
    return replace(
        made, analysis=analyse(features, Settings(group_by=GroupBy.DEFECT), SilentReporter()), clusters=3
    )


def test_session_keeps_the_scores_of_pictures(project: Project, tmp_path: Path) -> None:
    save_session(tmp_path / "s.dwb", project)
    again = load_session(tmp_path / "s.dwb").analysis
    assert again.settings == project.analysis.settings
    assert again.picture_scores is not None
    np.testing.assert_array_equal(again.picture_scores, project.analysis.picture_scores)
    assert outlier_reason(again, 150) == "its background resembles no other"


def test_session_of_an_earlier_version_keeps_searching_defects_alone(
    project: Project, tmp_path: Path
) -> None:
    save_session(tmp_path / "s.dwb", project)
    with zipfile.ZipFile(tmp_path / "s.dwb") as archive:
        state = json.loads(archive.read("state.json"))
    del state["outlier_pictures"]
    change = {SCORES: None, "state.json": json.dumps(state).encode()}
    earlier = load_session(forged(tmp_path / "s.dwb", tmp_path / "old.dwb", change))
    assert not earlier.analysis.settings.outlier_pictures
    np.testing.assert_array_equal(earlier.partition.outliers, project.partition.outliers)
    save_session(tmp_path / "again.dwb", earlier)
    assert not load_session(tmp_path / "again.dwb").analysis.settings.outlier_pictures


@pytest.mark.parametrize(
    "scores",
    [np.zeros(3), np.zeros((152, 2)), np.zeros(152, np.int32), np.full(152, np.nan)],
    ids=["too few", "two columns", "whole numbers", "no number"],
)
def test_damaged_scores_are_refused(scores: np.ndarray, project: Project, tmp_path: Path) -> None:
    save_session(tmp_path / "s.dwb", project)
    stream = io.BytesIO()
    np.save(stream, scores)
    damaged = forged(tmp_path / "s.dwb", tmp_path / "bad.dwb", {SCORES: stream.getvalue()})
    with pytest.raises(WorkbenchError, match="damaged"):
        load_session(damaged)
