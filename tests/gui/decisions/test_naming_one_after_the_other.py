"""Names of clusters, typed one after the other: no key is lost, and the next cluster is the next one."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from defect_workbench.app.messages import NameRequest
from defect_workbench.gui.dialogs.class_library_dialog import ClassLibraryDialog
from defect_workbench.gui.dialogs.message_boxes import MessageBoxes
from defect_workbench.gui.dialogs.name_dialog import NameDialog
from defect_workbench.gui.window.main_window import MainWindow
from tests.gui.conftest import Answers
from tests.gui.gestures import LEFT


def open_dialog(window: MainWindow, qtbot: QtBot) -> NameDialog:
    qtbot.waitUntil(lambda: any(each.isVisible() for each in window.findChildren(NameDialog)))
    return next(each for each in window.findChildren(NameDialog) if each.isVisible())


@pytest.fixture
def asked(opened: MainWindow, monkeypatch: pytest.MonkeyPatch) -> MainWindow:
    """The window, asking for names with its own dialog."""
    monkeypatch.setattr(opened.review, "_messages", MessageBoxes(opened))
    return opened


def test_one_enter_accepts_a_known_name_under_its_completions(window: MainWindow, qtbot: QtBot) -> None:
    accepted: list[str] = []
    request = NameRequest("cluster-01", ["spur", "spurious"], [], False)
    dialog = NameDialog(request, lambda text, go_on: accepted.append(text), window)
    dialog.open()
    qtbot.keyClicks(dialog.name, "spur")
    completer = dialog.name.completer()
    assert completer is not None
    completions = completer.popup()
    assert completions is not None
    qtbot.waitUntil(completions.isVisible)
    # The list of completions has the keyboard.
    qtbot.keyClick(completions, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not dialog.isVisible())
    assert accepted == ["spur"]
    dialog.deleteLater()


def test_ticking_the_box_leaves_the_typing_in_the_name(window: MainWindow, qtbot: QtBot) -> None:
    request = NameRequest("cluster-01", [], [], False)
    dialog = NameDialog(request, lambda text, go_on: None, window)
    dialog.open()
    dialog.activateWindow()
    dialog.name.setFocus()
    qtbot.waitUntil(dialog.name.hasFocus)
    qtbot.mouseClick(dialog.go_on, LEFT, pos=QPoint(8, dialog.go_on.height() // 2))
    assert dialog.go_on.isChecked()
    assert QApplication.focusWidget() is dialog.name
    dialog.reject()
    dialog.deleteLater()


def test_the_next_cluster_is_the_one_below_and_a_named_one_is_not_passed_over(
    asked: MainWindow, qtbot: QtBot
) -> None:
    partition = asked.document.partition
    assert partition is not None
    first, second, third = (cluster.members[0] for cluster in partition.clusters)
    # Named, but not confirmed.
    asked.document.rename(partition.clusters[2], "scratch")
    assert asked.document.partition is not None
    asked.cluster_list.choose(asked.document.partition.clusters[1].key)
    asked.cluster_list.setFocus()
    qtbot.keyClick(asked.cluster_list, Qt.Key.Key_F2)
    dialog = open_dialog(asked, qtbot)
    dialog.go_on.setChecked(True)
    shown: list[str] = []
    for typed in ("pit", "", "ash"):
        dialog = open_dialog(asked, qtbot)
        shown.append(dialog.name.text())
        if typed:
            qtbot.keyClicks(dialog.name, typed)
        qtbot.keyClick(dialog.name, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda dialog=dialog: dialog not in asked.findChildren(NameDialog))  # type: ignore[misc]
    assert shown == ["cluster-02", "scratch", "cluster-01"]
    partition = asked.document.partition
    assert partition is not None
    names = {image: partition.clusters[partition.cluster_of[image]].label for image in (first, second, third)}
    assert names == {first: "ash", second: "pit", third: "scratch"}
    assert all(cluster.group is not None and cluster.group.confirmed for cluster in partition.clusters)
    assert asked.statusBar().currentMessage() == "All clusters are confirmed"


def test_a_name_that_another_cluster_has_offers_to_move_the_images_there(
    opened: MainWindow, answers: Answers, qtbot: QtBot
) -> None:
    partition = opened.document.partition
    assert partition is not None
    opened.document.rename(partition.clusters[0], "pit")
    partition = opened.document.partition
    assert partition is not None
    moved = partition.clusters[1]
    opened.cluster_list.choose(moved.key)
    answers.text, answers.agree = "Pit", False
    opened.review.rename()
    assert answers.questions == [f"Another cluster is called pit. Move 6 images of {moved.label} into it?"]
    assert opened.document.partition is partition
    answers.agree = True
    opened.review.rename()
    assert opened.document.partition is not None
    pit = opened.document.partition.clusters[0]
    assert (pit.label, len(pit.members)) == ("pit", 14)
    opened.document.undo_stack.undo()
    assert opened.document.partition is not None
    assert len(opened.document.partition.clusters) == 3
    # A number that the cut gives is no name to merge by.
    opened.cluster_list.choose(opened.document.partition.clusters[1].key)
    answers.text = "cluster-03"
    opened.review.rename()
    assert answers.messages == ["Another cluster is called cluster-03. Use another name."]


def test_a_name_that_is_refused_can_be_changed_and_the_naming_goes_on(
    asked: MainWindow, qtbot: QtBot
) -> None:
    partition = asked.document.partition
    assert partition is not None
    asked.document.rename(partition.clusters[0], "pit")
    assert asked.document.partition is not None
    named = asked.document.partition.clusters[1]
    asked.cluster_list.choose(named.key)
    asked.actions_by_name["actionRename"].trigger()
    dialog = open_dialog(asked, qtbot)
    dialog.go_on.setChecked(True)
    qtbot.keyClicks(dialog.name, "Pit")
    qtbot.keyClick(dialog.name, Qt.Key.Key_Return)
    (question,) = asked.findChildren(QMessageBox)
    qtbot.keyClick(question, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: any(each.name.text() == "Pit" for each in asked.findChildren(NameDialog)))
    dialog = open_dialog(asked, qtbot)
    assert dialog.name.text() == "Pit"
    assert dialog.go_on.isChecked()
    dialog.name.setText("pit 2")
    qtbot.keyClick(dialog.name, Qt.Key.Key_Return)
    assert asked.document.partition is not None
    assert "pit 2" in [cluster.label for cluster in asked.document.partition.clusters]
    # The next cluster is asked about.
    qtbot.waitUntil(lambda: dialog not in asked.findChildren(NameDialog))
    open_dialog(asked, qtbot).reject()


def test_the_library_opens_at_the_class_of_the_selected_cluster_and_stays_near_a_removed_one(
    opened: MainWindow, qtbot: QtBot
) -> None:
    opened.classes.learn(["ash", "pit", "spur"], "lot")
    partition = opened.document.partition
    assert partition is not None
    opened.document.rename(partition.clusters[0], "pit")
    assert opened.document.partition is not None
    opened.cluster_list.choose(opened.document.partition.clusters[0].key)
    opened.actions_by_name["actionClassLibrary"].trigger()
    dialog = opened.findChild(ClassLibraryDialog, "classLibrary")
    assert dialog is not None
    assert dialog.name.text() == "pit"
    qtbot.mouseClick(dialog.remove, LEFT)
    assert dialog.name.text() == "spur"
    qtbot.mouseClick(dialog.remove, LEFT)
    assert dialog.name.text() == "ash"
    dialog.reject()
