"""The outlier queue, by keyboard and mouse."""

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from defect_workbench.gui.window.main_window import MainWindow
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
    qtbot.keyClick(queue, Qt.Key.Key_D)
    assert queue.current != first
    assert queue.remaining == count
    qtbot.keyClick(queue, Qt.Key.Key_Left)
    qtbot.keyClick(queue, Qt.Key.Key_Right)
    keys = [Qt.Key.Key_1, Qt.Key.Key_N, Qt.Key.Key_X, Qt.Key.Key_2, Qt.Key.Key_3]
    for step in range(count):
        qtbot.keyClick(queue, keys[step % len(keys)])
        assert queue.remaining == count - step - 1
    assert queue.current is None
    assert "0 outliers" in opened.summary.text()
    assert document.undo_stack.count() == count
    while document.undo_stack.canUndo():
        opened.actions_by_name["actionUndo"].trigger()
    assert queue.remaining == count
    while document.undo_stack.canRedo():
        opened.actions_by_name["actionRedo"].trigger()
    assert queue.remaining == 0


def test_a_click_on_a_candidate_puts_the_outlier_there(opened: MainWindow, qtbot: QtBot) -> None:
    queue = opened.outlier_queue
    image, target = queue.current, queue.candidates[1]
    assert image is not None
    qtbot.mouseClick(queue.cards[1], LEFT)
    assert opened.document.partition is not None
    where = opened.document.partition.cluster_of
    assert where[image] == where[target.members[0]]
    assert opened.document.undo_stack.undoText() == f"Move 1 image to {target.label}"
