"""The list of who decided what, and the name that decisions are recorded with."""

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from defect_workbench.gui.dialogs.decision_history_dialog import DecisionHistoryDialog
from defect_workbench.gui.window.main_window import MainWindow
from defect_workbench.storage.session.session_file import load_session
from defect_workbench.user_dirs import login_name
from tests.gui.conftest import Answers
from tests.gui.decisions.conftest import choose
from tests.gui.gestures import LEFT

CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def decided(opened: MainWindow, qtbot: QtBot, answers: Answers) -> MainWindow:
    """Ada named a cluster and confirmed it; Bob moved three images; all by keys."""
    document = opened.document
    assert document.partition is not None
    members = document.partition.clusters[1].members
    document.person, document.clock = "Ada", lambda: "2026-11-29T14:03:00Z"
    opened.cluster_list.choose(document.partition.clusters[0].key)
    opened.cluster_list.setFocus()
    answers.text = "pit"
    qtbot.keyClick(opened.cluster_list, Qt.Key.Key_F2)
    qtbot.keyClick(opened.cluster_list, Qt.Key.Key_C)
    document.person, document.clock = "Bob", lambda: "2026-11-30T08:00:00Z"
    choose(opened, members[:3])
    opened.gallery.setFocus()
    qtbot.keyClick(opened.gallery, Qt.Key.Key_X)
    return opened


@pytest.fixture
def dialog(decided: MainWindow, qtbot: QtBot) -> DecisionHistoryDialog:
    qtbot.keyClick(decided, Qt.Key.Key_H, CONTROL)
    found = decided.findChild(DecisionHistoryDialog, "decisionHistory")
    assert found is not None
    qtbot.waitExposed(found)
    return found


def shown(dialog: DecisionHistoryDialog) -> list[tuple[str, str]]:
    model = dialog.model
    rows = range(model.rowCount())
    return [(model.index(row, 1).data(), model.index(row, 2).data()) for row in rows]


ALL = [("Bob", "Marked as nuisance"), ("Ada", "Confirmed as pit"), ("Ada", "Renamed from cluster-01 to pit")]


def test_the_list_has_the_latest_decision_first_and_follows_undo(
    dialog: DecisionHistoryDialog, qtbot: QtBot
) -> None:
    assert shown(dialog) == ALL
    qtbot.keyClick(dialog.list, Qt.Key.Key_Z, CONTROL)
    assert shown(dialog) == ALL[1:]
    qtbot.keyClick(dialog.list, Qt.Key.Key_Y, CONTROL)
    assert shown(dialog) == ALL


def test_the_list_is_filtered_by_person_and_class(dialog: DecisionHistoryDialog, qtbot: QtBot) -> None:
    qtbot.keyClicks(dialog.person, "Ada")
    assert shown(dialog) == ALL[1:]
    qtbot.keyClick(dialog.person, Qt.Key.Key_Home)
    qtbot.keyClicks(dialog.label, "nuis")
    assert shown(dialog) == ALL[:1]
    assert dialog.words.text().startswith("1 decision about 3 images")


def test_a_click_on_a_decision_selects_its_images(
    decided: MainWindow, dialog: DecisionHistoryDialog, qtbot: QtBot
) -> None:
    view = dialog.list
    for row in (1, 0, 0):
        decided.gallery.clearSelection()
        place = view.visualRect(dialog.model.index(row, 2)).center()
        qtbot.mouseClick(view.viewport(), LEFT, pos=QPoint(place))
        images = dialog.model.records[row].images.tolist()
        assert decided.review.chosen_images().tolist() == images
        assert dialog.words.text() == f"{len(images)} images selected."
    qtbot.keyClick(view, Qt.Key.Key_Down)
    assert len(decided.review.chosen_images()) == 8


def test_images_that_the_filter_hides_are_mentioned(
    decided: MainWindow, dialog: DecisionHistoryDialog, qtbot: QtBot
) -> None:
    names = decided.document.project.images.paths  # type: ignore[union-attr] # it is open
    first = int(dialog.model.records[0].images[0])
    qtbot.keyClicks(decided.gallery_bar.text, names[first])
    qtbot.waitUntil(lambda: decided.image_model.rowCount() == 1)
    place = dialog.list.visualRect(dialog.model.index(0, 2)).center()
    qtbot.mouseClick(dialog.list.viewport(), LEFT, pos=place)
    assert dialog.words.text() == "1 image selected. The gallery’s filter hides 2 images."


def test_the_inspector_says_who_decided_about_an_image(decided: MainWindow) -> None:
    project = decided.document.project
    assert project is not None
    image = int(project.history[1].images[0])
    decided.choose_image(image)
    words = decided.inspector.fields["Decided"].text().replace("\u200b", "")
    assert words.startswith("confirmed as pit by Ada, ")
    assert "2026" in words
    untouched = next(
        i for i in range(len(project.images)) if not any(record.concerns(i) for record in project.history)
    )
    decided.choose_image(untouched)
    assert decided.inspector.fields["Decided"].isHidden()


def test_the_name_is_the_login_name_until_it_is_changed_and_is_remembered(
    opened: MainWindow, answers: Answers
) -> None:
    assert opened.settings.person == login_name()
    answers.text = "  Ada   Lovelace "
    opened.actions_by_name["actionPerson"].trigger()
    assert opened.document.person == opened.settings.person == "Ada Lovelace"
    answers.text = " "
    opened.actions_by_name["actionPerson"].trigger()
    assert opened.document.person == opened.settings.person == login_name()


def test_the_name_can_be_changed_from_the_list(
    dialog: DecisionHistoryDialog, qtbot: QtBot, answers: Answers
) -> None:
    answers.text = "Grace"
    qtbot.mouseClick(dialog.name_button, LEFT)
    assert dialog.name.text() == "Your decisions are recorded as Grace"


def test_decisions_are_in_the_saved_session(decided: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    decided.outputs.save_to(tmp_path / "kept.dwb")
    qtbot.waitUntil(lambda: not decided.document.dirty)
    history = load_session(tmp_path / "kept.dwb").history
    assert [(r.person, r.label, len(r.images)) for r in history] == [
        ("Ada", "pit", 8), ("Ada", "pit", 8), ("Bob", "nuisance", 3),
    ]  # fmt: skip


def test_without_decisions_the_list_says_so(opened: MainWindow, qtbot: QtBot) -> None:
    qtbot.keyClick(opened, Qt.Key.Key_H, CONTROL)
    dialog = opened.findChild(DecisionHistoryDialog, "decisionHistory")
    assert dialog is not None
    qtbot.waitExposed(dialog)
    assert dialog.empty.isVisible()
    assert not dialog.list.isVisible()
