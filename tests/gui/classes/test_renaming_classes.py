"""A class and the cluster that has its name are renamed together, and back again by undoing."""

from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from defect_workbench.core.project.class_library import ClassLibrary, KnownClass
from defect_workbench.core.project.palette import COLOURS
from defect_workbench.gui.dialogs.class_library_dialog import ClassLibraryDialog
from defect_workbench.gui.window.main_window import MainWindow
from defect_workbench.storage.class_library.class_file import LibraryFile
from defect_workbench.user_dirs import UserDirs
from tests.gui.conftest import Answers
from tests.gui.gestures import LEFT

PIT = KnownClass("pit", "7", COLOURS[5], definition="A hole", code="17")


def rename(window: MainWindow, label: str, name: str, answers: Answers, qtbot: QtBot) -> None:
    """Rename a cluster by keys."""
    partition = window.document.partition
    assert partition is not None
    cluster = partition.named(label)
    assert cluster is not None
    window.cluster_list.setFocus()
    window.cluster_list.choose(cluster.key)
    answers.text = name
    qtbot.keyClick(window.cluster_list, Qt.Key.Key_F2)


def with_pit(window: MainWindow, answers: Answers, qtbot: QtBot) -> None:
    """A cluster of a known class, confirmed."""
    window.classes.change(lambda _: ClassLibrary((PIT,)))
    partition = window.document.partition
    assert partition is not None
    rename(window, partition.clusters[1].label, "pit", answers, qtbot)
    qtbot.keyClick(window.cluster_list, Qt.Key.Key_C)


def names(window: MainWindow) -> list[str]:
    return [known.name for known in window.document.classes.classes]


def owners(window: MainWindow) -> dict[str, str]:
    """The clusters with a key, and the classes without images."""
    partition = window.document.partition
    assert partition is not None
    result = {}
    for each in window.class_keys.keys:
        cluster = each.cluster(partition)
        result[each.key] = f"no {each.known.name if each.known else ''}" if cluster is None else cluster.label
    return result


def test_a_confirmed_cluster_is_renamed_with_its_class_which_keeps_its_key(
    opened: MainWindow, answers: Answers, qtbot: QtBot, places: UserDirs
) -> None:
    with_pit(opened, answers, qtbot)
    assert owners(opened)["7"] == "pit"
    steps = opened.document.undo_stack.index()
    rename(opened, "pit", "crater", answers, qtbot)
    assert opened.document.undo_stack.index() == steps + 1
    qtbot.waitUntil(lambda: LibraryFile(places.classes).load().find("crater") is not None)
    (crater,) = opened.document.classes.classes
    # Models and other lots still call it by the old name.
    assert crater.aliases == ("pit",)
    assert (crater.key, crater.colour, crater.definition, crater.code) == ("7", COLOURS[5], "A hole", "17")
    assert owners(opened)["7"] == "crater"
    assert "no pit" not in owners(opened).values()
    assert "crater" in opened.outlier_queue.legend.text()
    assert "pit" not in opened.outlier_queue.legend.text()
    assert "pit is now called crater" in opened.notice.text.text()
    # The class goes back with the cluster.
    opened.actions_by_name["actionUndo"].trigger()
    assert names(opened) == ["pit"]
    assert opened.document.classes.classes[0].aliases == ()
    assert owners(opened)["7"] == "pit"
    opened.actions_by_name["actionRedo"].trigger()
    assert names(opened) == ["crater"]
    # Its old name is no longer another name once it is its name again.
    rename(opened, "crater", "pit", answers, qtbot)
    assert names(opened) == ["pit"]
    assert opened.document.classes.classes[0].aliases == ()
    qtbot.waitUntil(lambda: not opened.jobs.busy)


def test_the_old_class_can_be_kept_beside_the_new_one(
    opened: MainWindow, answers: Answers, qtbot: QtBot
) -> None:
    with_pit(opened, answers, qtbot)
    rename(opened, "pit", "crater", answers, qtbot)
    assert opened.notice.buttons[0].text() == "Keep pit as well"
    qtbot.mouseClick(opened.notice.buttons[0], LEFT)
    pit = opened.document.classes.find("pit")
    assert pit is not None
    assert (pit.key, pit.colour, pit.definition) == (PIT.key, PIT.colour, PIT.definition)
    assert names(opened) == ["pit", "crater"]
    opened.actions_by_name["actionUndo"].trigger()
    assert names(opened) == ["pit", "crater"]


def test_a_name_that_is_only_tried_out_leaves_the_class_alone(
    opened: MainWindow, answers: Answers, qtbot: QtBot
) -> None:
    opened.classes.change(lambda _: ClassLibrary((PIT,)))
    partition = opened.document.partition
    assert partition is not None
    rename(opened, partition.clusters[0].label, "pit", answers, qtbot)
    rename(opened, "pit", "crater", answers, qtbot)
    assert names(opened) == ["pit"]
    # The key stays with the class, and the cluster gets another one.
    assert owners(opened)["7"] == "no pit"
    assert "crater" in owners(opened).values()


def test_a_name_of_another_class_is_accepted_without_changing_either(
    opened: MainWindow, answers: Answers, qtbot: QtBot
) -> None:
    with_pit(opened, answers, qtbot)
    opened.classes.change(lambda library: library.added("crater"))
    rename(opened, "pit", "crater", answers, qtbot)
    assert names(opened) == ["pit", "crater"]
    # A class that came into use has its own key, which a cluster without a name had.
    crater = opened.document.classes.find("crater")
    assert crater is not None
    assert owners(opened)[crater.key] == "crater"
    assert owners(opened)["7"] == "no pit"


def test_a_misspelt_class_of_this_lot_goes_with_the_slip(
    opened: MainWindow, answers: Answers, qtbot: QtBot
) -> None:
    opened.classes.change(lambda _: ClassLibrary((PIT,)))
    partition = opened.document.partition
    assert partition is not None
    rename(opened, partition.clusters[0].label, "pitt", answers, qtbot)
    qtbot.keyClick(opened.cluster_list, Qt.Key.Key_C)
    assert names(opened) == ["pit", "pitt"]
    rename(opened, "pitt", "pit", answers, qtbot)
    assert names(opened) == ["pit"]
    assert owners(opened)["7"] == "pit"


def dialog_of(window: MainWindow, qtbot: QtBot) -> ClassLibraryDialog:
    window.actions_by_name["actionClassLibrary"].trigger()
    dialog = window.findChild(ClassLibraryDialog, "classLibrary")
    assert dialog is not None
    qtbot.waitExposed(dialog)
    return dialog


def type_text(field: QLineEdit, text: str, qtbot: QtBot) -> None:
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, text)
    qtbot.keyClick(field, Qt.Key.Key_Return)


def test_a_class_renamed_in_the_library_renames_its_cluster_in_one_step(
    opened: MainWindow, answers: Answers, qtbot: QtBot
) -> None:
    opened.classes.change(lambda _: ClassLibrary((PIT,)))
    partition = opened.document.partition
    assert partition is not None
    # It need not be confirmed.
    rename(opened, partition.clusters[1].label, "pit", answers, qtbot)
    before, steps = opened.document.decisions, opened.document.undo_stack.index()
    type_text(dialog_of(opened, qtbot).name, "crater", qtbot)
    assert opened.document.undo_stack.index() == steps + 1
    assert np.array_equal(opened.document.decisions.held, before.held)
    assert owners(opened)["7"] == "crater"
    cluster = opened.document.partition
    assert cluster is not None
    crater = cluster.named("crater")
    assert crater is not None
    assert opened.document.colour(crater) == COLOURS[5]
    assert opened.document.classes.classes[0].aliases == ("pit",)
    opened.actions_by_name["actionUndo"].trigger()
    assert names(opened) == ["pit"]
    assert owners(opened)["7"] == "pit"
    opened.actions_by_name["actionRedo"].trigger()
    assert names(opened) == ["crater"]


def test_a_class_cannot_get_the_name_of_another_cluster_in_the_library(
    opened: MainWindow, answers: Answers, qtbot: QtBot, tmp_path: Path
) -> None:
    with_pit(opened, answers, qtbot)
    partition = opened.document.partition
    assert partition is not None
    rename(opened, partition.clusters[0].label, "crater", answers, qtbot)
    dialog = dialog_of(opened, qtbot)
    type_text(dialog.name, "crater", qtbot)
    assert "another cluster is called crater" in dialog.message.text()
    assert names(opened) == ["pit"]
    assert "pit" in owners(opened).values()
