"""The dendrogram and its cut, by mouse and keys."""

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from pytestqt.qtbot import QtBot

from defect_workbench.gui.dendrogram.tree_viewport import Zoom
from defect_workbench.gui.window.main_window import MainWindow
from tests.gui.gestures import LEFT, drag_cut


def test_dragging_regroups_live_and_is_one_undo_step(opened: MainWindow, qtbot: QtBot) -> None:
    line = opened.dendrogram
    before = opened.document.clusters_at_cut
    x, y = line.width() // 2, round(line.line_y())
    qtbot.mouseMove(line, QPoint(x, y))
    assert line.cursor().shape() == Qt.CursorShape.SplitVCursor
    qtbot.mousePress(line, LEFT, pos=QPoint(x, y))
    target = round(line.y_of_clusters(17))
    qtbot.mouseMove(line, QPoint(x, (y + target) // 2))
    with qtbot.waitSignal(opened.document.cut_changed):
        qtbot.mouseMove(line, QPoint(x, target))
    live = opened.document.clusters_at_cut
    assert live > before
    assert opened.cluster_count.value() == live
    assert opened.document.undo_stack.count() == 0
    qtbot.mouseRelease(line, LEFT, pos=QPoint(x, target))
    assert opened.document.undo_stack.count() == 1
    opened.actions_by_name["actionUndo"].trigger()
    assert opened.document.clusters_at_cut == before
    assert line.clusters == before


def test_the_line_snaps_to_a_suggestion(opened: MainWindow, qtbot: QtBot) -> None:
    project = opened.document.project
    assert project is not None
    other = project.analysis.suggestions[1].clusters
    drag_cut(opened, qtbot, opened.dendrogram.y_of_clusters(other) + 4)
    assert opened.document.clusters_at_cut == other
    opened.actions_by_name["actionSuggestCut"].trigger()
    assert opened.document.clusters_at_cut == project.analysis.suggestions[0].clusters


def test_number_and_keys_move_the_cut(opened: MainWindow, qtbot: QtBot) -> None:
    opened.cluster_count.setValue(9)
    assert opened.document.clusters_at_cut == 9
    opened.dendrogram.setFocus()
    qtbot.keyClick(opened.dendrogram, Qt.Key.Key_Down)
    assert opened.document.clusters_at_cut == 10
    qtbot.keyClick(opened.dendrogram, Qt.Key.Key_Up)
    qtbot.keyClick(opened.dendrogram, Qt.Key.Key_Up)
    assert opened.document.clusters_at_cut == 8


def test_double_click_on_a_branch_chooses_its_images_and_the_wheel_zooms(
    opened: MainWindow, qtbot: QtBot
) -> None:
    line, tree = opened.dendrogram, opened.document.tree
    layout = opened.document.layout
    assert tree is not None
    assert layout is not None
    node = int(tree.children[-1][0])
    place = QPointF(float(line.x_of(layout.x[node])), line.y_of_clusters(2))
    if abs(place.y() - line.line_y()) <= 8:
        opened.cluster_count.setValue(12)
    qtbot.mouseDClick(line, LEFT, pos=place.toPoint())
    chosen = set(opened.review.chosen_images().tolist())
    assert chosen == set(tree.members(node).tolist())
    before = line.zoom.width
    centre = QPointF(line.rect().center())
    for modifier in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier):
        line.wheelEvent(
            QWheelEvent(
                centre, centre, QPoint(), QPoint(0, 360), Qt.MouseButton.NoButton, modifier,
                Qt.ScrollPhase.NoScrollPhase, False,
            )
        )  # fmt: skip
    assert line.zoom.width < before
    assert line.zoom.ceiling < 1
    start = line.zoom.start
    empty = QPoint(line.width() // 2, 20)
    qtbot.mousePress(line, LEFT, pos=empty)
    qtbot.mouseMove(line, empty + QPoint(-30, 0))
    qtbot.mouseRelease(line, LEFT, pos=empty + QPoint(-30, 0))
    assert line.zoom.start > start
    line.setFocus()
    qtbot.keyClick(line, Qt.Key.Key_Home)
    assert line.zoom == Zoom()


def test_escape_ends_a_drag_and_nothing_is_cut(opened: MainWindow, qtbot: QtBot) -> None:
    line, clusters = opened.dendrogram, opened.document.clusters_at_cut
    x, y = line.width() // 2, round(line.line_y())
    qtbot.mousePress(line, LEFT, pos=QPoint(x, y))
    qtbot.mouseMove(line, QPoint(x, y + 60))
    assert line.clusters != clusters
    qtbot.keyClick(line, Qt.Key.Key_Escape)
    assert line.clusters == clusters
    qtbot.mouseRelease(line, LEFT, pos=QPoint(x, y + 60))
    assert opened.document.clusters_at_cut == clusters
    assert not opened.document.undo_stack.canUndo()
