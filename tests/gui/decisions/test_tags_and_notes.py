"""Tags and notes of the selected images."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QDialogButtonBox, QWidget
from pytestqt.qtbot import QtBot

from defect_workbench.core.project.image_notes import ImageNotes
from defect_workbench.gui.dialogs.tag_dialog import TagDialog
from defect_workbench.gui.window.main_window import MainWindow
from tests.gui.conftest import Answers
from tests.gui.gestures import LEFT

CONTROL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


def notes(window: MainWindow) -> ImageNotes:
    assert window.document.project is not None
    return window.document.project.image_notes


def tag_dialog(window: MainWindow, images: list[int], qtbot: QtBot) -> TagDialog:
    window.choose_images(images)
    window.gallery.setFocus()
    qtbot.keyClick(window.gallery, Qt.Key.Key_T, CONTROL_SHIFT)
    dialog = window.findChildren(TagDialog, "tagDialog")[-1]
    qtbot.waitExposed(dialog)
    return dialog


def active(window: QWidget | None, qtbot: QtBot) -> None:
    """Wait until keys go to the window again, as a dialog has gone."""
    assert window is not None
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)


def accept(dialog: TagDialog, qtbot: QtBot) -> None:
    buttons = dialog.findChild(QDialogButtonBox)
    assert buttons is not None
    window = dialog.parentWidget()
    qtbot.mouseClick(buttons.button(QDialogButtonBox.StandardButton.Ok), LEFT)
    active(window, qtbot)


@pytest.fixture
def tagged(opened: MainWindow, qtbot: QtBot) -> MainWindow:
    """Three images with a tag, typed."""
    dialog = tag_dialog(opened, [0, 1, 9], qtbot)
    assert dialog.boxes == {}
    qtbot.keyClicks(dialog.text, "rework")
    qtbot.keyClick(dialog.text, Qt.Key.Key_Return)
    active(opened, qtbot)
    return opened


def test_tags_are_typed_for_a_selection_and_undone(tagged: MainWindow, qtbot: QtBot) -> None:
    assert notes(tagged).tags == {0: ("rework",), 1: ("rework",), 9: ("rework",)}
    assert tagged.review.chosen_images().tolist() == [0, 1, 9]
    qtbot.keyClick(tagged, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert not notes(tagged)


def test_a_tag_that_some_images_have_stays_unless_it_is_changed(tagged: MainWindow, qtbot: QtBot) -> None:
    dialog = tag_dialog(tagged, [1, 2], qtbot)
    box = dialog.boxes["rework"]
    assert box.checkState() is Qt.CheckState.PartiallyChecked
    assert box.text() == "rework  ·  3 images, 1 of these"
    qtbot.keyClicks(dialog.text, "edge")
    accept(dialog, qtbot)
    assert notes(tagged).tags[1] == ("edge", "rework")
    assert notes(tagged).tags[2] == ("edge",)
    dialog = tag_dialog(tagged, [0, 1], qtbot)
    box = dialog.boxes["rework"]
    assert box.checkState() is Qt.CheckState.Checked
    qtbot.mouseClick(box, LEFT, pos=QPoint(8, box.height() // 2))
    accept(dialog, qtbot)
    assert notes(tagged).tags == {1: ("edge",), 2: ("edge",), 9: ("rework",)}


def test_the_filter_and_the_map_know_tags(tagged: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClicks(tagged.gallery_bar.text, "tag:rework")
    qtbot.waitUntil(lambda: tagged.image_model.rowCount() == 3)
    assert "<b>tag</b>" in tagged.gallery_bar.text.toolTip()
    completer = tagged.gallery_bar.text.completer()
    completer.setCompletionPrefix("tag:r")
    assert completer.currentCompletion() == "tag:rework"
    assert tagged.map_colour.findText("tag") > 0


def test_inspector_and_gallery_show_tags_and_notes(
    tagged: MainWindow, qtbot: QtBot, answers: Answers
) -> None:
    answers.text = "see lot 8"
    tagged.choose_images([9])
    tagged.gallery.setFocus()
    plain = tagged.gallery.grab().toImage()
    qtbot.keyClick(tagged.gallery, Qt.Key.Key_T, Qt.KeyboardModifier.ShiftModifier)
    assert notes(tagged).texts == {9: "see lot 8"}
    tagged.choose_image(9)
    assert tagged.inspector.fields["Tags"].text() == "rework"
    assert tagged.inspector.fields["Note"].text() == "see lot 8"
    # They are no decision about the class of an image.
    assert tagged.inspector.fields["Decided"].isHidden()
    row = tagged.image_model.index(tagged.image_model.row_of(9))
    assert row.data(Qt.ItemDataRole.AccessibleTextRole) == "image-009.png, #rework  ·  see lot 8"
    assert tagged.gallery.grab().toImage() != plain
    tagged.choose_image(3)
    assert tagged.inspector.fields["Tags"].isHidden()
    assert tagged.inspector.fields["Note"].isHidden()


def test_cancelling_changes_nothing(tagged: MainWindow, qtbot: QtBot) -> None:
    steps = tagged.document.undo_stack.count()
    dialog = tag_dialog(tagged, [4], qtbot)
    qtbot.keyClicks(dialog.text, "edge")
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert tagged.document.undo_stack.count() == steps


def test_a_question_about_another_project_changes_nothing(tagged: MainWindow, qtbot: QtBot) -> None:
    dialog = tag_dialog(tagged, [4], qtbot)
    qtbot.keyClicks(dialog.text, "edge")
    tagged.document.close()
    accept(dialog, qtbot)
    assert tagged.document.undo_stack.count() == 0


def test_the_light_table_sets_tags_of_its_image_by_the_same_key(opened: MainWindow, qtbot: QtBot) -> None:
    assert opened.document.partition is not None
    members = opened.document.partition.clusters[0].members.tolist()
    # What is selected behind the table must not get them.
    opened.choose_images(members[:3])
    opened.look_at(members, "cluster-01")
    table = opened.light_table
    qtbot.keyClick(table, Qt.Key.Key_Right)
    assert "Ctrl+Shift+T" in table.legend.text()
    qtbot.keyClick(table, Qt.Key.Key_T, CONTROL_SHIFT)
    dialog = opened.findChildren(TagDialog, "tagDialog")[-1]
    qtbot.waitExposed(dialog)
    qtbot.keyClicks(dialog.text, "rework, lot 7")
    accept(dialog, qtbot)
    assert notes(opened).tags == {members[1]: ("lot 7", "rework")}
    assert table.image == members[1]
    assert "#lot 7  #rework" in table.panes[0].words
    qtbot.keyClick(table, "U")
    assert not notes(opened)
