"""Small windows and large text: everything can be reached, and panels get their room back."""

from collections.abc import Iterator
from functools import partial
from itertools import pairwise

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from defect_workbench.app.jobs.runner import Progress
from defect_workbench.app.recent_work import RecentWork
from defect_workbench.gui.application import fit_to_screen, make_application
from defect_workbench.gui.shared.theme import apply_theme
from defect_workbench.gui.shared.wrapping_row import WrappingRow
from defect_workbench.gui.window.main_window import MainWindow
from defect_workbench.gui.window.panels_in_sight import is_in_sight
from defect_workbench.resources import resource
from defect_workbench.user_dirs import UserDirs
from tests.gui.classifier.conftest import facts_of
from tests.gui.conftest import Answers, delete_now
from tests.gui.gestures import LEFT
from tests.gui.pictures import cut_off

SMALL = 1024, 700


@pytest.fixture
def small(opened: MainWindow, qtbot: QtBot) -> Iterator[MainWindow]:
    """A small window with large text."""
    opened.set_text_size(150)
    opened.resize(*SMALL)
    qtbot.waitUntil(lambda: opened.size().toTuple() == SMALL)
    yield opened
    opened.set_text_size(100)


def tools(window: MainWindow) -> dict[str, QToolButton]:
    """The buttons of the tool bar, by the name of their action."""
    bar = window.menus.tools
    widgets = {action.objectName(): bar.widgetForAction(action) for action in bar.actions()}
    return {name: widget for name, widget in widgets.items() if name and isinstance(widget, QToolButton)}


def test_every_tool_is_in_sight_and_gets_its_text_back(small: MainWindow, qtbot: QtBot) -> None:
    text, icon = Qt.ToolButtonStyle.ToolButtonTextBesideIcon, Qt.ToolButtonStyle.ToolButtonIconOnly
    assert {"actionConfirm", "actionExport", "actionMerge"} <= set(tools(small))
    for button in tools(small).values():
        assert not button.visibleRegion().isEmpty()
        assert small.rect().contains(QRect(button.mapTo(small, QPoint()), button.size()))
    assert tools(small)["actionExport"].toolButtonStyle() == text
    assert tools(small)["actionMerge"].toolButtonStyle() == icon
    assert "Merge" in tools(small)["actionMerge"].toolTip()
    small.resize(1700, 800)
    qtbot.waitUntil(lambda: tools(small)["actionMerge"].toolButtonStyle() == text)


@pytest.mark.parametrize("tab", range(5))
def test_no_page_makes_the_window_larger(small: MainWindow, qtbot: QtBot, tab: int) -> None:
    small.tabs.setCurrentIndex(tab)
    qtbot.wait(1)
    small.tabs.setCurrentIndex(0)
    qtbot.wait(1)
    assert small.size().toTuple() == SMALL
    small.progress.set_busy(True)
    small.progress.show_progress(Progress("Computing features of the images", 10, 12_000, 12.0, 999.0))
    qtbot.wait(1)
    assert small.size().toTuple() == SMALL
    assert not small.progress.cancel.visibleRegion().isEmpty()
    assert small.summary.toolTip() == small.summary.text()
    small.progress.set_busy(False)


def test_no_panel_is_wider_than_its_dock(small: MainWindow, qtbot: QtBot) -> None:
    for dock in small.docks:
        dock.raise_()
        panel = dock.widget()
        assert panel is not None
        qtbot.waitUntil(partial(is_in_sight, small, panel))
        assert panel.minimumSizeHint().width() <= panel.width()
    assert small.size().toTuple() == SMALL
    assert not cut_off(small)


def test_a_low_window_leaves_the_room_of_the_queue_to_a_chart(small: MainWindow, qtbot: QtBot) -> None:
    for name in ("Map", "Wafer", "Pareto"):
        small.tabs.setCurrentIndex(0)
        assert not small.outlier_dock.isHidden()
        small.tabs.setCurrentIndex([small.tabs.tabText(tab) for tab in range(5)].index(name))
        assert small.outlier_dock.isHidden(), name
    assert not small.docks[1].isHidden()
    QTest.keyClick(small, Qt.Key.Key_Q)
    assert small.tabs.currentIndex() == 0
    assert not small.outlier_dock.isHidden()
    assert small.outlier_queue.hasFocus()


def test_docks_grow_with_the_text(opened: MainWindow, qtbot: QtBot) -> None:
    opened.resize(1900, 900)
    tree, inspector = opened.docks[:2]
    qtbot.waitUntil(lambda: tree.width() == 400)
    assert inspector.width() == 300
    opened.set_text_size(125)
    qtbot.waitUntil(lambda: tree.width() == 500)
    assert inspector.width() == 375
    # Also after they made room for another page.
    opened.tabs.setCurrentWidget(opened.classify_panel)
    opened.tabs.setCurrentIndex(0)
    qtbot.waitUntil(lambda: (tree.width(), inspector.width()) == (500, 375))
    opened.set_text_size(100)
    qtbot.waitUntil(lambda: tree.width() == 400)


def test_the_classify_page_leaves_most_of_its_width_to_the_lists(small: MainWindow, qtbot: QtBot) -> None:
    assert small.document.project is not None
    small.tabs.setCurrentWidget(small.classify_panel)
    evaluation = small.classify_panel.evaluation
    evaluation.show_facts(facts_of(small.document.project.images))
    evaluation.setCurrentWidget(evaluation.labels)
    qtbot.waitUntil(lambda: small.classify_panel.width() > 0.9 * small.width())
    assert evaluation.width() > 0.55 * small.width()
    view = evaluation.labels.list
    assert view.horizontalScrollBar().maximum() == 0
    for column in range(view.lines.columnCount()):
        for line in str(view.lines.index(0, column).data()).split("\n"):
            assert view.fontMetrics().horizontalAdvance(line) < view.columnWidth(column)


def test_docks_are_as_large_as_before_the_window_was_small(
    opened: MainWindow, qtbot: QtBot, places: UserDirs, answers: Answers
) -> None:
    tree, queue = opened.docks[0], opened.outlier_dock
    # An edge is dragged with the mouse.
    edge = QPoint(tree.geometry().right() + 1, tree.geometry().center().y())
    qtbot.mousePress(opened, LEFT, pos=edge)
    qtbot.mouseMove(opened, edge - QPoint(60, 0))
    qtbot.mouseRelease(opened, LEFT, pos=edge - QPoint(60, 0))
    qtbot.wait(1)
    wide, high = tree.width(), queue.height()
    opened.resize(opened.minimumSizeHint())
    qtbot.waitUntil(lambda: tree.width() < wide)
    opened.resize(1280, 800)
    qtbot.waitUntil(lambda: (tree.width(), queue.height()) == (wide, high))
    # Also after a start with a small window.
    opened.resize(opened.minimumSizeHint())
    assert opened.close_without_asking()
    again = MainWindow(places, answers, offline=True)
    apply_theme(make_application(), "light")
    again.show()
    qtbot.waitExposed(again)
    again._show_workbench()
    again.resize(1280, 800)
    qtbot.waitUntil(lambda: again.docks[0].width() == wide)
    assert again.close_without_asking()
    delete_now(again)


def test_an_empty_queue_uses_all_of_its_width(opened: MainWindow, qtbot: QtBot) -> None:
    queue = opened.outlier_queue
    for _ in range(queue.remaining):
        queue.split_out()
    qtbot.waitUntil(queue.done.isVisible)
    assert queue.done.width() > 0.9 * queue.width()


def test_a_row_of_buttons_continues_in_the_next_line(qtbot: QtBot) -> None:
    buttons = [QPushButton(text) for text in ("Accept  Enter", "New cluster  N", "Nuisance  X", "Later  D")]
    row = WrappingRow(buttons)
    qtbot.addWidget(row)
    buttons[0].hide()
    row.resize(1000, 40)
    row.show()
    qtbot.waitExposed(row)
    one = row.heightForWidth(1000)
    assert len({button.y() for button in buttons[1:]}) == 1
    row.resize(row.minimumSizeHint().width(), 200)
    places = [button.geometry() for button in buttons[1:]]
    assert all(not a.intersects(b) for a, b in pairwise(places))
    assert all(place.right() < row.width() for place in places)
    assert row.heightForWidth(row.width()) > 2 * one
    buttons[0].show()
    assert not buttons[0].geometry().intersects(buttons[1].geometry())


def test_recent_work_is_as_large_as_other_text(window: MainWindow, qtbot: QtBot) -> None:
    window.welcome.set_recent([RecentWork("/lots/seven", "2026-11-29 14:03", 3, 7)])
    (button,) = [
        each for each in window.welcome.findChildren(QPushButton) if each.accessibleName() == "seven"
    ]
    assert "3 of 7 clusters confirmed" in button.accessibleDescription()
    window.set_text_size(150)
    for label in button.findChildren(QLabel):
        assert label.font().pointSizeF() == window.font().pointSizeF()
    lines = 2 * window.fontMetrics().height()
    qtbot.waitUntil(lambda: button.height() > lines)
    window.set_text_size(100)


def test_the_images_have_the_focus_while_a_folder_is_read(
    window: MainWindow, qtbot: QtBot, with_sample: None
) -> None:
    window.activateWindow()
    window.open_path(resource("sample"))
    qtbot.waitUntil(lambda: window.gallery.isVisible())
    assert window.focusWidget() is window.gallery
    qtbot.waitUntil(lambda: not window.jobs.busy, timeout=60_000)


def test_a_window_is_no_larger_than_its_screen(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(9000, 9000)
    fit_to_screen(window)
    room = window.screen().availableSize()
    assert window.width() == room.width()
    # The title bar needs room, too.
    assert 0 < window.height() < room.height()
    window.resize(300, 200)
    fit_to_screen(window)
    assert window.size().toTuple() == (300, 200)
