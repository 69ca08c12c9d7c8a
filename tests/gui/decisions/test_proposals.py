"""Proposals of a classifier stay in the queue until a person has looked at them."""

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt

from defect_workbench.app.document.item_models import Role
from defect_workbench.app.jobs.open_job import prepare
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.project.proposal import Proposal
from defect_workbench.gui.window.main_window import MainWindow
from defect_workbench.storage.session.session_file import load_session, save_session
from tests.gui.decisions.conftest import confirmed


def with_proposals(window: MainWindow) -> Project:
    """Every image proposed for the cluster it is in; the first of each cluster unsure."""
    project = window.document.project
    assert project is not None
    partition = project.partition
    count = len(project.images)
    labels = [""] * count
    probability = np.full(count, 0.99, np.float32)
    unseen = np.ones(count, bool)
    confirmed(window, len(partition.clusters))
    for cluster in window.document.partition.clusters:  # type: ignore[union-attr]
        for member in cluster.members.tolist():
            labels[member] = cluster.label
        probability[cluster.members[:3]] = 0.4
    unknown = np.zeros(count, bool)
    assert window.document.project is not None
    proposal = Proposal(tuple(labels), probability, unknown, unseen, np.empty(0, np.intp))
    window.document.show(prepare(replace(window.document.project, proposal=proposal)))
    return window.document.project


def test_the_list_says_which_clusters_have_proposals_to_review(opened: MainWindow) -> None:
    with_proposals(opened)
    assert opened.document.partition is not None
    opened.document.confirm(opened.document.partition.clusters, False)
    model = opened.cluster_model
    index = model.index(0, 0)
    count = len(index.data(Role.CLUSTER).members)
    assert index.data(Role.STATE) == "proposed"
    assert index.data(Qt.ItemDataRole.ToolTipRole).endswith(f"\n{count} proposals to review")
    before = opened.cluster_list.grab().toImage()
    opened.document.accept_proposals(index.data(Role.CLUSTER).members)
    index = model.index(0, 0)
    assert index.data(Role.STATE) == "kept"
    assert "to review" not in index.data(Qt.ItemDataRole.ToolTipRole)
    assert opened.cluster_list.grab().toImage() != before


def test_renaming_drops_nothing_from_the_queue(opened: MainWindow) -> None:
    with_proposals(opened)
    left = opened.outlier_queue.remaining
    assert opened.document.partition is not None
    opened.document.rename(opened.document.partition.clusters[0], "another name")
    assert opened.outlier_queue.remaining == left
    opened.document.undo_stack.undo()
    assert opened.outlier_queue.remaining == left


@pytest.mark.parametrize("act", ["move", "split_out", "nuisance"])
def test_images_that_the_user_places_count_as_reviewed(opened: MainWindow, act: str) -> None:
    project = with_proposals(opened)
    proposal = project.proposal
    assert proposal is not None
    image = proposal.unsure(project.partition)[:1]
    left = opened.outlier_queue.remaining
    target = next(c for c in project.partition.clusters if image[0] not in c.members)
    arguments = (image, target) if act == "move" else (image,)
    getattr(opened.document, act)(*arguments)
    assert opened.outlier_queue.remaining == left - 1
    opened.document.undo_stack.undo()
    assert opened.outlier_queue.remaining == left
    assert opened.document.project is not None
    assert opened.document.project.proposal is not None
    assert opened.document.project.proposal.unreviewed[image].all()


def test_sessions_of_an_earlier_version_keep_their_queue(opened: MainWindow, tmp_path: Path) -> None:
    project = with_proposals(opened)
    assert project.proposal is not None
    image = int(project.proposal.unsure(project.partition)[0])
    target = next(c for c in project.partition.clusters if image not in c.members)
    opened.document.rename(target, "named")
    opened.document.move(np.array([image]), target)
    moved = opened.document.project
    assert moved is not None
    # As the earlier version would have it: moved, and not marked as looked at.
    save_session(tmp_path / "new.dwb", Project(
        moved.images, moved.analysis, moved.clusters, moved.decisions, proposal=project.proposal
    ))  # fmt: skip
    found = without_the_mark(tmp_path / "old.dwb", load_session(tmp_path / "new.dwb"))
    assert found.proposal is not None
    assert image not in found.proposal.unsure(found.partition)


def without_the_mark(path: Path, project: Project) -> Project:
    """A project as a session of an earlier version brings it."""
    save_session(path, project)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    state = json.loads(members["state.json"])
    del state["moved_is_seen"]
    members["state.json"] = json.dumps(state).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return load_session(path)


@pytest.mark.parametrize("name", ["", "renamed"])
def test_sessions_of_an_earlier_version_lose_no_question_where_the_cluster_has_another_name(
    opened: MainWindow, tmp_path: Path, name: str
) -> None:
    project = with_proposals(opened)
    if name:
        opened.document.rename(project.partition.clusters[0], name)
    project = opened.document.project  # type: ignore[assignment]
    assert project.proposal is not None
    wanted = project.proposal.unsure(project.partition).tolist()
    assert len(wanted) == 9
    found = without_the_mark(tmp_path / "old.dwb", project)
    assert found.proposal is not None
    assert sorted(found.proposal.unsure(found.partition).tolist()) == sorted(wanted)
