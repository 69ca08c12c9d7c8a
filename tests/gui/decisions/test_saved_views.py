"""Saved views: filter, order, colours and columns under a name."""

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from defect_workbench.app.document.gallery_sections import Order
from defect_workbench.app.jobs.open_job import prepare
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.project.saved_views import SavedView
from defect_workbench.gui.window.main_window import MainWindow
from defect_workbench.storage.session.session_file import load_session
from tests.gui.conftest import Answers
from tests.gui.gestures import LEFT


def project_of(window: MainWindow) -> Project:
    assert window.document.project is not None
    return window.document.project


def listed(menu: QMenu) -> list[tuple[str, bool]]:
    menu.aboutToShow.emit()
    return [(action.text(), action.isChecked()) for action in menu.actions()]


def click(menu: QMenu, text: str, qtbot: QtBot) -> None:
    """Open a menu and click one of its entries."""
    menu.popup(QPoint(200, 200))
    action = next(action for action in menu.actions() if action.text() == text)
    qtbot.mouseClick(menu, LEFT, pos=menu.actionGeometry(action).center())
    qtbot.waitUntil(lambda: not menu.isVisible())


@pytest.fixture
def saved(opened: MainWindow, qtbot: QtBot, answers: Answers) -> MainWindow:
    """A view called "wide", saved from what the window showed, and the window as it was before."""
    bar = opened.gallery_bar
    qtbot.keyClicks(bar.text, "width>30")
    qtbot.keyClicks(bar.order, "Name")
    click(opened.menus.columns, "score", qtbot)
    click(opened.menus.columns, "width", qtbot)
    opened.map_colour.setCurrentText("score")
    answers.text = " wide "
    opened.actions_by_name["actionSaveView"].trigger()
    bar.text.clear()
    click(opened.menus.columns, "score", qtbot)
    qtbot.keyClick(bar.order, Qt.Key.Key_Home)
    assert bar.order.currentText() == "Size"
    opened.map_colour.setCurrentIndex(0)
    return opened


WIDE = SavedView("wide", "width>30", "", "Name", "score", ("score", "width"))


def test_a_view_keeps_what_the_window_shows(saved: MainWindow) -> None:
    assert project_of(saved).views == (WIDE,)
    assert saved.document.dirty


def test_a_click_on_a_view_shows_it_again(saved: MainWindow, qtbot: QtBot) -> None:
    assert listed(saved.menus.views) == [("wide", False)]
    click(saved.menus.views, "wide", qtbot)
    choice = saved.gallery_bar.choice()
    assert (choice.text, choice.order, choice.captions) == ("width>30", Order.NAME, ("score", "width"))
    assert saved.gallery_bar.text.text() == "width>30"
    assert saved.map_colour.currentText() == "score"
    assert [column.name for column in saved.image_model.captions] == ["score", "width"]
    assert listed(saved.menus.views) == [("wide", True)]


def test_a_view_is_deleted_and_saving_and_deleting_are_undone(saved: MainWindow, qtbot: QtBot) -> None:
    click(saved.menus.deleted_views, "wide", qtbot)
    assert project_of(saved).views == ()
    assert listed(saved.menus.views) == [("No view is saved yet", False)]
    assert saved.document.undo_stack.undoText() == "Delete view wide"
    saved.document.undo_stack.undo()
    assert project_of(saved).views == (WIDE,)
    saved.document.undo_stack.undo()
    assert project_of(saved).views == ()


def test_replacing_a_view_asks_first(saved: MainWindow, answers: Answers) -> None:
    answers.agree = False
    answers.text = "Wide"
    saved.actions_by_name["actionSaveView"].trigger()
    assert answers.questions == ["Replace the view wide? It would then show what you see now."]
    assert project_of(saved).views == (WIDE,)
    answers.agree = True
    saved.actions_by_name["actionSaveView"].trigger()
    (view,) = project_of(saved).views
    assert (view.name, view.filter) == ("Wide", "")


def test_a_view_without_a_name_is_not_saved(saved: MainWindow, answers: Answers) -> None:
    answers.text = "  "
    saved.actions_by_name["actionSaveView"].trigger()
    assert len(project_of(saved).views) == 1


def test_columns_that_are_missing_are_named_and_the_rest_is_shown(opened: MainWindow) -> None:
    view = SavedView("of lot 6", "", "", "an order of a later version", "Element", ("width", "dose"))
    opened.document.show(prepare(replace(project_of(opened), views=(view,))))
    opened.controllers.views.apply(view)
    assert opened.gallery_bar.choice().captions == ("width",)
    assert opened.gallery_bar.choice().order is Order.SIZE
    assert opened.map_colour.currentText() == "Cluster"
    words = "The view of lot 6 also shows columns that this project does not have: dose, Element."
    assert opened.notice.text.text() == words


def test_columns_are_shown_below_the_images(opened: MainWindow, qtbot: QtBot) -> None:
    gallery = opened.gallery
    first = opened.image_model.index(0)
    below = gallery.visualRect(first).bottomLeft() + QPoint(8, 12)
    before = gallery.grab().toImage()
    click(opened.menus.columns, "width", qtbot)
    assert gallery.grab().toImage() != before
    # The text has its own room, in which no image is.
    assert gallery.indexAt(gallery.visualRect(first).center()).row() == 0
    assert not gallery.indexAt(below).isValid()
    assert opened.image_model.captions[0].text_of(0) == "40"
    words = first.data(Qt.ItemDataRole.AccessibleTextRole)
    assert words == f"{first.data()}, width 40"


def test_at_most_four_columns_are_shown(opened: MainWindow, qtbot: QtBot) -> None:
    for name in ("width", "height", "score"):
        click(opened.menus.columns, name, qtbot)
    opened.document.tag(opened.image_model.order[:1], ["rework"])
    opened.document.annotate_images(opened.image_model.order[:1], "odd")
    click(opened.menus.columns, "tag", qtbot)
    opened.menus.columns.aboutToShow.emit()
    enabled = {action.text(): action.isEnabled() for action in opened.menus.columns.actions()}
    assert enabled == {"width": True, "height": True, "score": True, "tag": True, "note": False}
    opened.document.undo_stack.undo()
    opened.document.undo_stack.undo()
    # The column is gone with the last tag.
    assert [column.name for column in opened.image_model.captions] == ["width", "height", "score"]


def test_views_are_in_the_saved_session(saved: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    saved.outputs.save_to(tmp_path / "kept.dwb")
    qtbot.waitUntil(lambda: not saved.document.dirty)
    assert load_session(tmp_path / "kept.dwb").views == (WIDE,)


def test_grouping_again_keeps_the_views(saved: MainWindow) -> None:
    project = project_of(saved)
    saved.document.regroup(prepare(replace(project, views=(), clusters=2)))
    assert project_of(saved).views == (WIDE,)
