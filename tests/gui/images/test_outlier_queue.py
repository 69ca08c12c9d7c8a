"""The outlier queue, by keyboard and mouse."""

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from defect_workbench.app.document.item_models import Role
from defect_workbench.app.jobs.open_job import prepare
from defect_workbench.core.clustering.clustering_result import Settings
from defect_workbench.core.clustering.group_by import GroupBy
from defect_workbench.core.progress import SilentReporter
from defect_workbench.engine.clustering.group import analyse
from defect_workbench.gui.application import make_application
from defect_workbench.gui.shared.class_legend import ClassLegend
from defect_workbench.gui.shared.theme import apply_text_size
from defect_workbench.gui.window.main_window import MainWindow
from tests.builders import made_project, mixed_features, with_outlier_groups
from tests.gui.gestures import LEFT


def test_queue_goes_to_zero_by_keyboard_alone_and_all_can_be_undone_and_redone(
    opened: MainWindow, qtbot: QtBot
) -> None:
    queue, document = opened.outlier_queue, opened.document
    assert document.partition is not None
    count = len(document.partition.outliers)
    assert queue.remaining == count
    opened.actions_by_name["actionReview"].trigger()
    qtbot.waitUntil(queue.hasFocus)
    first = queue.current
    height = opened.outlier_dock.height()
    qtbot.keyClick(queue, Qt.Key.Key_D)
    assert queue.current != first
    assert queue.remaining == count
    qtbot.keyClick(queue, Qt.Key.Key_Left)
    qtbot.keyClick(queue, Qt.Key.Key_Right)
    shift, none = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.NoModifier
    keys = [(Qt.Key.Key_Exclam, shift), (Qt.Key.Key_N, none), (Qt.Key.Key_X, none), (Qt.Key.Key_2, shift)]
    for step in range(count):
        qtbot.keyClick(queue, *keys[step % len(keys)])
        assert queue.remaining == count - step - 1
    assert queue.current is None
    assert "0 outliers" in opened.summary.text()
    groups = [cluster.group for cluster in document.partition.clusters]
    nuisances = sum(group is not None and group.nuisance for group in groups)
    # Nuisances are not to be confirmed.
    assert nuisances > 0
    assert f" of {len(groups) - nuisances} clusters are not confirmed" in queue.done.words.text()
    # An empty queue leaves its room to the images.
    qtbot.waitUntil(lambda: opened.outlier_dock.height() < 0.7 * height)
    assert queue.done.export.visibleRegion().boundingRect() == queue.done.export.rect()
    assert document.undo_stack.count() == count
    while document.undo_stack.canUndo():
        opened.actions_by_name["actionUndo"].trigger()
    assert queue.remaining == count
    qtbot.waitUntil(lambda: opened.outlier_dock.height() == height)
    while document.undo_stack.canRedo():
        opened.actions_by_name["actionRedo"].trigger()
    assert queue.remaining == 0


def test_keys_about_clusters_act_on_the_new_cluster(opened: MainWindow, qtbot: QtBot) -> None:
    queue, document = opened.outlier_queue, opened.document
    assert document.partition is not None
    opened.cluster_list.choose(document.partition.clusters[0].key)
    image = queue.current
    assert image is not None
    group = queue.group.tolist()
    opened.actions_by_name["actionReview"].trigger()
    qtbot.waitUntil(queue.hasFocus)
    qtbot.keyClick(queue, Qt.Key.Key_N)
    (chosen,) = opened.cluster_list.chosen()
    assert chosen.members.tolist() == group
    # The queue goes on, and the gallery with it.
    assert queue.current != image
    qtbot.waitUntil(lambda: opened.gallery.currentIndex().data(Role.IMAGE) == queue.current)


def test_a_click_on_a_candidate_puts_the_outlier_there(opened: MainWindow, qtbot: QtBot) -> None:
    queue = opened.outlier_queue
    image, target = queue.current, queue.candidates[1]
    assert image is not None
    qtbot.mouseClick(queue.cards[1], LEFT)
    assert opened.document.partition is not None
    where = opened.document.partition.cluster_of
    assert where[image] == where[target.members[0]]
    assert opened.document.undo_stack.undoText() == f"Move 1 image to {target.label}"


@pytest.fixture
def grouped(window: MainWindow, tmp_path: Path) -> MainWindow:
    """The window with 150 images and two outlier groups, the last 5 and 4 images."""
    window.document.show(prepare(made_project(tmp_path / "lot", vectors=with_outlier_groups((5, 4)))))
    return window


def group_of(window: MainWindow) -> set[int]:
    """Show the first image of an outlier group, and return the group."""
    queue = window.outlier_queue
    for _ in range(queue.remaining):
        if len(queue.group) > 1:
            return set(queue.group.tolist())
        queue.step(1)
    raise AssertionError("there is no group in the queue")


def test_images_of_a_group_follow_each_other_and_the_queue_shows_how_many_there_are(
    grouped: MainWindow,
) -> None:
    queue = grouped.outlier_queue
    group = group_of(grouped)
    shown = []
    for place in range(len(group)):
        shown.append(queue.current)
        assert queue.group_note.isVisible()
        assert f"Image {place + 1} of {len(group)}" in queue.group_note.text()
        assert set(queue.group.tolist()) == group
        queue.step(1)
    assert set(shown) == group
    assert queue.current not in group


@pytest.mark.parametrize("key", [Qt.Key.Key_1, Qt.Key.Key_N, Qt.Key.Key_X])
def test_a_decision_about_a_group_applies_to_all_of_it_and_is_one_undo_step(
    key: Qt.Key, grouped: MainWindow, qtbot: QtBot
) -> None:
    queue, document = grouped.outlier_queue, grouped.document
    group, left = group_of(grouped), queue.remaining
    queue.step(1)
    first = grouped.class_keys.of("1")
    assert document.partition is not None
    assert first is not None
    candidate = first.cluster(document.partition)
    assert candidate is not None
    qtbot.keyClick(queue, key)
    assert queue.remaining == left - len(group)
    assert document.partition is not None
    clusters = {int(document.partition.cluster_of[image]) for image in group}
    assert len(clusters) == 1
    cluster = document.partition.clusters[clusters.pop()]
    if key == Qt.Key.Key_N:
        assert set(cluster.members.tolist()) == group
    elif key == Qt.Key.Key_X:
        assert cluster.group is not None
        assert cluster.group.nuisance
    else:
        assert set(candidate.members.tolist()) < set(cluster.members.tolist())
    assert document.undo_stack.count() == 1
    assert f"{len(group)} images" in document.undo_stack.undoText()
    document.undo_stack.undo()
    assert queue.remaining == left
    assert document.partition.outlier_group_count == 2


def test_a_group_is_postponed_as_one(grouped: MainWindow, qtbot: QtBot) -> None:
    queue = grouped.outlier_queue
    group, left = group_of(grouped), queue.remaining
    qtbot.keyClick(queue, Qt.Key.Key_D)
    assert queue.current not in group
    assert queue.remaining == left
    while queue.current not in group:
        queue.step(1)
    assert set(queue.group.tolist()) == group
    queue.step(len(group))
    assert queue.current not in group


def test_an_image_without_a_group_is_shown_without_the_note(opened: MainWindow) -> None:
    assert not opened.outlier_queue.group_note.isVisible()
    assert opened.outlier_queue.group.tolist() == [opened.outlier_queue.current]


def test_queue_and_inspector_say_whether_background_or_defect_is_unlike_all_others(
    window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    features = mixed_features()
    project = made_project(tmp_path / "lot", vectors=features.blocks["deep"])
    analysis = analyse(features, Settings(group_by=GroupBy.DEFECT), SilentReporter())
    window.document.show(prepare(replace(project, analysis=analysis)))
    queue, texts = window.outlier_queue, {}
    for _ in range(queue.remaining):
        assert queue.current is not None
        texts[queue.current] = queue.name.text()
        queue.step(1)
    assert texts[150].endswith("its background resembles no other")
    assert texts[151].endswith("its defect resembles no other")
    window.choose_image(150)
    labels = window.inspector.findChildren(QLabel)
    qtbot.waitUntil(lambda: any("background resembles no other" in label.text() for label in labels))


def test_a_key_stands_for_the_same_class_in_the_queue_and_on_the_light_table(
    opened: MainWindow, qtbot: QtBot
) -> None:
    queue, table = opened.outlier_queue, opened.light_table
    opened.cluster_count.setValue(20)
    opened.actions_by_name["actionReview"].trigger()
    in_queue = queue.legend.text()
    assert [each.key for each in opened.class_keys.keys][:3] == ["1", "2", "3"]
    opened.actions_by_name["actionLightTable"].trigger()
    qtbot.waitUntil(table.isVisible)
    assert table.legend.text().startswith(in_queue)
    # In the order of the names, as nobody has sorted anything at this cut.
    partition = opened.document.partition
    assert partition is not None
    labels = [c.label for each in opened.class_keys.keys if (c := each.cluster(partition)) is not None]
    assert labels == sorted(labels)


def test_a_legend_that_does_not_fit_says_how_many_classes_it_leaves_out(
    opened: MainWindow, qtbot: QtBot
) -> None:
    queue = opened.outlier_queue
    opened.cluster_count.setValue(20)
    every = len(opened.class_keys.keys)
    assert "more" not in queue.legend.text()
    apply_text_size(make_application(), 200)
    opened.resize(opened.minimumSizeHint())
    qtbot.waitUntil(lambda: "more" in queue.legend.text())
    shown = queue.legend.text().count("href")
    assert f"and&nbsp;{every - shown}&nbsp;more" in queue.legend.text()
    assert queue.legend.toolTip().count("href") == every
    assert queue.legend.heightForWidth(queue.legend.width()) <= queue.legend.height()


def test_smaller_letters_show_as_many_classes_in_the_legend(opened: MainWindow, qtbot: QtBot) -> None:
    opened.cluster_count.setValue(20)
    legend = ClassLegend(opened.document, opened.class_keys)
    qtbot.addWidget(legend)
    large, small = legend.font(), legend.font()
    large.setPointSizeF(1.5 * small.pointSizeF())
    legend.setFont(large)
    legend.fit(500, 3)
    shown = legend.text().count("href")
    assert 0 < shown < len(opened.class_keys.keys)
    legend.setFont(small)
    assert legend.text().count("href") >= shown
    assert legend.minimumHeight() <= 3 * legend.fontMetrics().lineSpacing()
