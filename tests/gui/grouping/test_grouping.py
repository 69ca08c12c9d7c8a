"""Regrouping all images or refining one cluster; choosing images on the map."""

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QComboBox
from pytestqt.qtbot import QtBot

from defect_workbench.engine.features.registry import BLOCKS
from defect_workbench.gui.window.main_window import MainWindow
from tests.gui.conftest import Answers
from tests.gui.gestures import LEFT


def test_weights_and_linkage_regroup_what_is_undecided_and_can_be_undone(
    opened: MainWindow, qtbot: QtBot, answers: Answers
) -> None:
    document, panel = opened.document, opened.grouping
    assert document.partition is not None
    opened.cluster_list.setCurrentIndex(opened.cluster_model.index(1))
    kept = set(opened.cluster_list.chosen()[0].members.tolist())
    assert panel.group_by.currentText() == "Automatic: whole image"
    opened.actions_by_name["actionConfirm"].trigger()
    before = opened.summary.text()
    with qtbot.waitSignal(document.grouping_changed, timeout=20_000):
        panel.sliders["zernike"].setValue(20)
    project = document.project
    assert project is not None
    assert project.analysis.weights.shares == {
        **dict.fromkeys(BLOCKS.names, 0.0),
        "deep": 1.0,
        "zernike": 1.0,
    }
    qtbot.waitUntil(lambda: not opened.jobs.busy)
    assert panel.group_by.itemText(0) == "Automatic"
    linkage = panel.form.fields["linkage"].widget
    assert isinstance(linkage, QComboBox)
    with qtbot.waitSignal(document.grouping_changed, timeout=20_000):
        linkage.setCurrentIndex(linkage.findText("Average"))
    assert document.undo_stack.undoText() == "Regroup by average linkage"
    assert document.partition is not None
    confirmed = [c for c in document.partition.clusters if c.group is not None and c.group.confirmed]
    assert [set(c.members.tolist()) for c in confirmed] == [kept]
    qtbot.waitUntil(lambda: not opened.jobs.busy)
    with qtbot.waitSignal(document.grouping_changed, timeout=20_000):
        panel.form.method.setCurrentIndex(1)
    assert document.tree is None
    assert opened.document.partition is not None
    assert len(opened.document.partition.clusters) > 2
    for _ in range(3):
        opened.actions_by_name["actionUndo"].trigger()
    assert opened.summary.text() == before
    assert linkage.currentText() == "Ward"
    assert answers.messages == []


def test_impossible_grouping_is_reported_and_changes_nothing(
    opened: MainWindow, qtbot: QtBot, answers: Answers
) -> None:
    before = opened.summary.text()
    with qtbot.waitSignal(opened.jobs.failed, timeout=20_000):
        opened.grouping.sliders["deep"].setValue(0)
    assert "weight 0" in answers.messages[0]
    assert opened.summary.text() == before
    assert opened.grouping.sliders["deep"].value() == 20


def test_lasso_on_the_map_chooses_the_images_everywhere(opened: MainWindow, qtbot: QtBot) -> None:
    opened.tabs.setCurrentIndex(1)
    view = opened.map
    qtbot.waitExposed(view)
    places = view.screen_points()
    assert (places > 0).all()
    left, top = places.min(axis=0) - 8
    right, bottom = places.max(axis=0) + 8
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    qtbot.mousePress(view, LEFT, pos=QPoint(round(left), round(top)))
    for x, y in corners[1:]:
        qtbot.mouseMove(view, QPoint(round(x), round(y)))
    qtbot.mouseRelease(view, LEFT, pos=QPoint(round(left), round(bottom)))
    assert len(opened.review.chosen_images()) == 245
    target = int(places[:, 0].argmax())
    x, y = places[target]
    qtbot.mouseClick(view, LEFT, pos=QPoint(round(x), round(y)))
    chosen = opened.review.chosen_images()
    assert len(chosen) == 1
    assert abs(places[chosen[0]] - places[target]).max() < 10
    with qtbot.waitSignal(opened.jobs.done, timeout=60_000):
        opened.map_method.setCurrentIndex(1)
    assert abs(view.screen_points() - places).max() > 20


def test_a_cluster_is_refined_with_preview_and_its_parts_outlive_later_cuts(
    opened: MainWindow, qtbot: QtBot, answers: Answers
) -> None:
    document = opened.document
    opened.cluster_list.setCurrentIndex(opened.cluster_model.index(0))
    cluster = opened.cluster_list.chosen()[0]
    with qtbot.waitSignal(opened.jobs.done, timeout=20_000):
        opened.actions_by_name["actionRefineCluster"].trigger()
    dialog = opened.refinement.dialog
    assert dialog is not None
    line = dialog.dendrogram
    target = round(line.y_of_clusters(4))
    x, y = line.width() // 2, round(line.line_y())
    qtbot.mousePress(line, LEFT, pos=QPoint(x, y))
    qtbot.mouseMove(line, QPoint(x, target))
    qtbot.mouseRelease(line, LEFT, pos=QPoint(x, target))
    shown = dialog.document.partition
    assert shown is not None
    parts = [set(cluster.members[c.members].tolist()) for c in shown.clusters]
    previewed = [section.title for section in dialog.model.sections]
    assert document.undo_stack.count() == 0
    dialog.ok_button.click()
    assert document.undo_stack.undoText().startswith(f"Refine {cluster.label} into")
    assert document.partition is not None
    labels = {min(each.members): each.label for each in document.partition.clusters}
    assert [labels[min(part)] for part in parts] == previewed[: len(parts)]
    for clusters in (document.clusters_at_cut, 3, 40):
        document.move_cut(clusters)
        assert document.partition is not None
        found = [set(c.members.tolist()) for c in document.partition.clusters]
        assert all(part in found for part in parts)


def test_unconverged_affinity_propagation_is_reported_and_not_applied(
    opened: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    from defect_workbench.engine.clustering.methods import affinity

    monkeypatch.setattr(affinity, "_ITERATIONS", 3)
    opened.cluster_list.setCurrentIndex(opened.cluster_model.index(0))
    with qtbot.waitSignal(opened.jobs.done, timeout=20_000):
        opened.actions_by_name["actionRefineCluster"].trigger()
    dialog = opened.refinement.dialog
    assert dialog is not None
    with qtbot.waitSignal(opened.jobs.failed, timeout=20_000):
        dialog.form.method.setCurrentIndex(1)
    assert "did not converge" in dialog.gallery.message
    assert not dialog.ok_button.isEnabled()
    dialog.reject()
    assert opened.document.undo_stack.count() == 0
