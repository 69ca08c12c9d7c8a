from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextDocument
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from defect_workbench.app.document.gallery_sections import sections_of, summary_of
from defect_workbench.app.document.item_models import ClusterModel, ImageModel
from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.image_loading.thumbnail_loader import ThumbnailLoader
from defect_workbench.app.jobs.open_job import prepare
from defect_workbench.storage.result.manifest import manifest_text, rows
from tests.builders import made_project


@pytest.fixture
def document(tmp_path: Path, qtbot: QtBot) -> Document:
    found = Document()
    found.show(prepare(made_project(tmp_path / "lot", (20, 14, 9))))
    return found


def state(document: Document) -> str:
    assert document.project is not None
    return manifest_text(rows(document.project))


def test_cut_is_one_undo_step_however_long_it_was_dragged(document: Document) -> None:
    before = state(document)
    for clusters in (4, 5, 6, 7):
        document.preview_cut(clusters)
    assert document.undo_stack.count() == 0
    document.move_cut(7)
    assert document.undo_stack.count() == 1
    assert document.undo_stack.undoText() == "Cut into 7 branches"
    assert document.clusters_at_cut == 7
    document.undo_stack.undo()
    assert state(document) == before


def test_let_go_where_it_began_is_no_step(document: Document) -> None:
    document.preview_cut(5)
    document.move_cut(3)
    assert document.undo_stack.count() == 0
    assert document.clusters_at_cut == 3


def test_decisions_keep_their_colour_and_names_through_cuts(document: Document) -> None:
    assert document.partition is not None
    cluster = document.partition.clusters[1]
    colour = document.colour(cluster)
    document.rename(cluster, "pits")
    document.confirm([c for c in document.partition.clusters if c.label == "pits"])
    for clusters in (1, 8, 30):
        document.move_cut(clusters)
        kept = next(c for c in document.partition.clusters if c.label == "pits")
        np.testing.assert_array_equal(np.sort(kept.members), np.sort(cluster.members))
        assert document.colour(kept) == colour
        assert kept.group is not None
        assert kept.group.confirmed


def test_merge_and_names_that_are_in_use(document: Document) -> None:
    assert document.partition is not None
    first, second = document.partition.clusters[:2]
    document.merge([first, second])
    assert len(document.partition.clusters) == 2
    merged = document.partition.clusters[0]
    assert len(merged.members) == len(first.members) + len(second.members)
    assert document.undo_stack.undoText() == "Merge 2 clusters"
    document.rename(merged, "Residue")
    other = document.partition.clusters[1]
    named = document.partition.named("residue", other)
    assert named is not None
    assert named.label.casefold() == "residue"
    assert document.partition.named("pits", other) is None


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from(["cut", "confirm", "merge", "rename"]), st.integers(0, 30)), max_size=8
    )
)
def test_undo_all_and_redo_all_give_the_same_states(document: Document, steps: list[tuple[str, int]]) -> None:
    document.undo_stack.setIndex(0)
    document.undo_stack.clear()
    states = [state(document)]
    for what, number in steps:
        assert document.partition is not None
        clusters = document.partition.clusters
        before = document.undo_stack.count()
        if what == "cut":
            document.move_cut(number + 1)
        elif clusters and what == "confirm":
            document.confirm([clusters[number % len(clusters)]])
        elif len(clusters) > 1 and what == "merge":
            document.merge(clusters[:2])
        elif clusters and what == "rename":
            document.rename(clusters[number % len(clusters)], f"name {before}")
        if document.undo_stack.count() > before:
            states.append(state(document))
    for expected in reversed(states[:-1]):
        document.undo_stack.undo()
        assert state(document) == expected
    for expected in states[1:]:
        document.undo_stack.redo()
        assert state(document) == expected
    document.undo_stack.setIndex(0)


def test_the_status_says_that_a_tree_has_two_levels(tmp_path: Path, qtbot: QtBot) -> None:
    project = made_project(tmp_path / "lot", (20, 14, 9))
    assert project.analysis.tree is not None
    tree = replace(project.analysis.tree, micro_clusters=30)
    document = Document()
    document.show(prepare(replace(project, analysis=replace(project.analysis, result=tree))))
    assert "tree in two levels: 30 micro-clusters" in summary_of(document)


def test_models_keep_qts_rules(document: Document, qtbot: QtBot) -> None:
    loader = ThumbnailLoader(64)
    images, clusters = ImageModel(loader), ClusterModel(document)
    mode = QAbstractItemModelTester.FailureReportingMode.Fatal
    testers = [QAbstractItemModelTester(model, mode) for model in (images, clusters)]
    assert document.project is not None
    for cut in (3, 9, 43, 1):
        document.move_cut(cut)
        sections, order = sections_of(document)
        paths = [image.path for image in document.project.images.images]
        images.set_rows(document.project.images.root, paths, order, sections)
        assert images.rowCount() == 43
        assert sum(section.count for section in sections) == 43
        assert clusters.rowCount() == len(document.partition.clusters if document.partition else ())
    assert "43 images" in summary_of(document)
    loader.close()
    del testers


def test_tooltips_show_names_that_look_like_markup(document: Document, qtbot: QtBot) -> None:
    assert document.project is not None
    assert document.partition is not None
    path, label = "lot <b>7</b>/a & b.png", "void <i>deep</i> & wide"
    document.rename(document.partition.clusters[0], label)
    loader = ThumbnailLoader(64)
    images, clusters = ImageModel(loader), ClusterModel(document)
    images.set_rows(document.project.images.root, [path], np.zeros(1, np.intp), sections_of(document)[0][:1])
    for model, name in ((images, path), (clusters, label)):
        shown = QTextDocument()
        shown.setHtml(model.index(0).data(Qt.ItemDataRole.ToolTipRole))
        assert name in shown.toPlainText()
    loader.close()


def test_thumbnails_arrive_newest_wish_first_and_bad_files_are_known(
    document: Document, qtbot: QtBot
) -> None:
    assert document.project is not None
    loader = ThumbnailLoader(32)
    good = str(document.project.images.absolute(0))
    with qtbot.waitSignal(loader.ready):
        assert loader.get(good) is None
    pixmap = loader.get(good)
    assert pixmap is not None
    assert max(pixmap.width(), pixmap.height()) == 32
    with qtbot.waitSignal(loader.ready):
        loader.get("/nowhere/at/all.png")
    assert loader.failed("/nowhere/at/all.png")
    loader.close()


def test_moved_images_stay_with_their_cluster_while_the_cut_moves(document: Document) -> None:
    assert document.partition is not None
    source, target = document.partition.clusters[:2]
    moving = source.members[-2:]
    document.move(moving, target)
    assert document.undo_stack.undoText() == f"Move 2 images to {target.label}"
    leader = target.members[0]
    for clusters in (3, 12, 43, 1):
        document.move_cut(clusters)
        where = document.partition.cluster_of
        assert where[leader] >= 0
        assert (where[moving] == where[leader]).all()
    while document.undo_stack.canUndo():
        document.undo_stack.undo()
    assert (document.partition.cluster_of[moving] == document.partition.cluster_of[source.members[0]]).all()


def test_followers_stay_behind_when_their_leader_moves_away(document: Document) -> None:
    assert document.partition is not None
    first, second, third = document.partition.clusters[:3]
    document.move(third.members[-1:], first)
    follower, leader, other = int(third.members[-1]), int(first.members[0]), int(first.members[5])
    document.split_out(np.array([leader]))
    where = document.partition.cluster_of
    assert where[follower] == where[other] != where[leader]
    assert second.label in {c.label for c in document.partition.clusters}


def test_nuisance_is_one_cluster_and_split_out_makes_another(document: Document) -> None:
    assert document.partition is not None
    members = document.partition.clusters[0].members
    document.nuisance(members[:2])
    document.nuisance(members[2:3])
    document.split_out(members[3:5])
    labels = {c.label: len(c.members) for c in document.partition.clusters}
    assert labels["nuisance"] == 3
    document.move_cut(20)
    apart = next(c for c in document.partition.clusters if members[3] in c.members)
    assert set(apart.members.tolist()) == set(members[3:5].tolist())
