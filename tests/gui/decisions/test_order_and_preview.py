"""Clusters keep their places while the user decides; images are shown larger under the mouse."""

from pathlib import Path

import numpy as np
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from defect_workbench.core.project.decisions import Partition
from defect_workbench.gui.window.main_window import MainWindow
from defect_workbench.storage.session.session_file import save_session
from tests.builders import made_project


def partition_of(window: MainWindow) -> Partition:
    assert window.document.partition is not None
    return window.document.partition


def places(window: MainWindow) -> list[int]:
    """An image of each cluster, in the order of the gallery; the same in the list."""
    sections = [s for s in window.image_model.sections if s.key is not None]
    keys = [window.cluster_model.index(row, 0).data() for row in range(window.cluster_model.rowCount())]
    assert [section.title for section in sections] == keys
    return [int(window.image_model.order[section.start]) for section in sections]


def test_clusters_keep_their_places_until_they_are_sorted_again(opened: MainWindow, qtbot: QtBot) -> None:
    first, second, third = partition_of(opened).clusters
    before = [set(c.members.tolist()) for c in (first, second, third)]
    # The last one becomes the largest.
    opened.document.move(first.members[:5], third)
    assert [next(n for n, was in enumerate(before) if image in was) for image in places(opened)] == [0, 1, 2]
    assert len(partition_of(opened).clusters[0].members) > len(first.members) - 5
    for row in range(3):
        image = places(opened)[row]
        assert opened.cluster_model.row_of_image(image) == row
    opened.gallery.setFocus()
    qtbot.keyClick(opened.gallery, Qt.Key.Key_F5)
    sizes = [section.count for section in opened.image_model.sections if section.key is not None]
    assert sizes == sorted(sizes, reverse=True)


def test_a_new_cluster_stands_beside_the_one_it_came_from(opened: MainWindow) -> None:
    first = partition_of(opened).clusters[0]
    moved = first.members[-2:]
    opened.document.split_out(moved)
    order = places(opened)
    assert order[0] in first.members
    assert order[1] in moved
    # Another order that the user asks for is applied at once.
    opened.gallery_bar.order.setCurrentIndex(2)
    titles = [section.title for section in opened.image_model.sections if section.key is not None]
    assert titles == sorted(titles)


def rest_at(widget: object, place: QPoint, window: MainWindow) -> None:
    """Let the mouse rest over a widget."""
    event = QHelpEvent(QEvent.Type.ToolTip, place, QPoint(200, 200))
    QApplication.sendEvent(widget, event)  # type: ignore[arg-type] # a widget of the window


def test_the_image_under_the_mouse_is_shown_larger(opened: MainWindow, qtbot: QtBot) -> None:
    preview, viewport = opened.preview, opened.gallery.viewport()
    place = opened.gallery.visualRect(opened.image_model.index(1, 0)).center()
    rest_at(viewport, place, opened)
    assert preview.isVisible()
    assert preview.image == opened.image_model.order[1]
    qtbot.waitUntil(lambda: not preview.picture.pixmap().isNull())
    assert (
        preview.picture.pixmap().width() > opened.gallery.visualRect(opened.image_model.index(1, 0)).width()
    )
    qtbot.mouseMove(viewport, place + QPoint(40, 40))
    assert not preview.isVisible()
    opened.tabs.setCurrentIndex(1)
    point = opened.map.screen_points()[5]
    rest_at(opened.map, QPoint(*np.rint(point).astype(int).tolist()), opened)
    assert preview.isVisible()
    shown = preview.image
    assert shown is not None
    assert np.hypot(*(opened.map.screen_points()[shown] - point)) < 3
    rest_at(opened.map, QPoint(1, 1), opened)
    assert not preview.isVisible()


def test_the_queue_is_shown_at_full_size(opened: MainWindow, qtbot: QtBot) -> None:
    document = opened.document
    document.move_cut(len(partition_of(opened).vectors))
    queue = opened.outlier_queue
    assert queue.remaining > 2
    opened.show_queue()
    qtbot.keyClick(queue, Qt.Key.Key_Right)
    current = queue.current
    qtbot.keyClick(queue, Qt.Key.Key_Space)
    assert opened.at_light_table
    assert len(opened.light_table.images) == queue.remaining
    assert opened.light_table.image == current


def test_clusters_of_equal_size_stand_in_the_same_order_everywhere(
    opened: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    save_session(tmp_path / "ties.dwb", made_project(tmp_path / "ties", sizes=(6, 6, 6)))
    with qtbot.waitSignal(opened.document.opened, timeout=20_000):
        opened.open_path(tmp_path / "ties.dwb")
    opened.document.rename(partition_of(opened).clusters[0], "zeta")
    opened.document.sort_again()
    assert len(places(opened)) == 3


def test_keys_act_on_what_was_chosen_last(opened: MainWindow, qtbot: QtBot) -> None:
    clusters = partition_of(opened).clusters
    opened.cluster_list.setFocus()
    opened.cluster_list.choose(clusters[0].key)
    opened.gallery.setFocus()
    last = opened.image_model.index(opened.image_model.row_of(int(clusters[2].members[0])), 0)
    opened.gallery.scrollTo(last)
    place = opened.gallery.visualRect(last).center()
    qtbot.mouseClick(opened.gallery.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert [cluster.label for cluster in opened.cluster_list.chosen()] == [clusters[2].label]
    assert opened.review.chosen_images().tolist() == [int(clusters[2].members[0])]
    row = opened.cluster_list.visualRect(opened.cluster_model.index(1, 0)).center()
    opened.cluster_list.setFocus()
    qtbot.mouseClick(opened.cluster_list.viewport(), Qt.MouseButton.LeftButton, pos=row)
    assert not len(opened.review.chosen_images())


def test_another_project_begins_without_a_selection(opened: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    opened.cluster_list.selectAll()
    assert len(opened.cluster_list.chosen()) == 3
    save_session(tmp_path / "next.dwb", made_project(tmp_path / "next"))
    with qtbot.waitSignal(opened.document.opened, timeout=20_000):
        opened.open_path(tmp_path / "next.dwb")
    assert opened.cluster_list.chosen() == []
    assert not opened.actions_by_name["actionMerge"].isEnabled()


def test_the_queue_has_the_focus_again_after_the_light_table(opened: MainWindow, qtbot: QtBot) -> None:
    opened.document.move_cut(len(partition_of(opened).vectors))
    opened.show_queue()
    opened.activateWindow()
    qtbot.waitUntil(opened.outlier_queue.hasFocus)
    qtbot.keyClick(opened.outlier_queue, Qt.Key.Key_Space)
    qtbot.keyClick(opened.light_table, Qt.Key.Key_Escape)
    assert opened.outlier_queue.hasFocus()
