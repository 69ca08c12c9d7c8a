"""The menus of a real window hold every action of the registry, wired."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from operator import attrgetter

from pytestqt.qtbot import QtBot

from defect_workbench.gui.window.actions.action import Action, Controllers, Group, ToolGroup
from defect_workbench.gui.window.actions.conditions import always, idle
from defect_workbench.gui.window.actions.registry import ACTIONS
from defect_workbench.gui.window.main_window import MainWindow
from defect_workbench.user_dirs import UserDirs
from tests.gui.conftest import Answers, delete_now
from tests.menus import all_menus, calls_of, entries


def test_every_action_is_in_exactly_one_menu(window: MainWindow) -> None:
    shown = Counter(action.objectName() for menu in all_menus(window) for action in entries(menu))
    assert {name: shown[name] for name in ACTIONS.names} == dict.fromkeys(ACTIONS.names, 1)
    assert {action.objectName() for action in window.actions_by_name.values()} == set(ACTIONS.names)


def test_no_menu_begins_or_ends_with_a_separator(window: MainWindow) -> None:
    for menu in all_menus(window):
        lines = [action.isSeparator() for action in menu.actions()]
        assert not any(lines[:1] + lines[-1:])
        assert (True, True) not in set(pairwise(lines))


def test_every_action_calls_a_method_that_exists(window: MainWindow) -> None:
    for entry in ACTIONS:
        for path in calls_of(entry, window):
            assert callable(attrgetter(path)(window.controllers)), entry.name


def test_a_new_entry_appears_in_its_menu_and_runs(qtbot: QtBot, places: UserDirs, answers: Answers) -> None:
    ran: list[Controllers] = []
    new = Action(
        "actionDummy",
        "D&ummy",
        "Do nothing",
        Group.COMPARE,
        ran.append,
        always,
        ("Ctrl+F12",),
        icon="open",
        tools=ToolGroup.OUTPUT,
        checked=lambda state: not state.open,
    )
    with ACTIONS.including(new):
        window = MainWindow(places, answers, offline=True)
    menu = next(menu for menu in all_menus(window) if menu.title() == "&File")
    action = next(action for action in entries(menu) if action.objectName() == "actionDummy")
    names = [entry.objectName() for entry in entries(menu)]
    assert names.index("actionDummy") == names.index("actionCompareFolders") + 1
    assert action.isChecked()
    assert action in window.menus.tools.actions()
    assert not action.icon().isNull()
    action.trigger()
    assert ran == [window.controllers]
    assert window.close()
    delete_now(window)


def test_what_is_enabled_follows_the_window(opened: MainWindow, qtbot: QtBot) -> None:
    def enabled() -> set[str]:
        return {name for name, action in opened.actions_by_name.items() if action.isEnabled()}

    def expected() -> set[str]:
        return {entry.name for entry in ACTIONS if entry.enabled(opened.action_state.current())}

    assert enabled() == expected()
    assert "actionMerge" not in enabled()
    opened.cluster_list.selectAll()
    assert "actionMerge" in enabled()
    opened.tabs.setCurrentWidget(opened.classify_panel)
    assert "actionMerge" not in enabled()
    assert "actionSuggestCut" in enabled()
    opened.tabs.setCurrentIndex(0)
    opened.gallery.setCurrentIndex(opened.image_model.index(0))
    opened.actions_by_name["actionSplitOut"].trigger()
    assert "actionUndo" in enabled()
    assert "to a new cluster" in opened.actions_by_name["actionUndo"].text()
    assert opened.actions_by_name["actionUndo"].toolTip() == "Undo Move 1 image to a new cluster (Ctrl+Z)"
    with qtbot.waitSignal(opened.jobs.done, timeout=20_000):
        opened.map_method.setCurrentIndex(1)
        assert {entry.name for entry in ACTIONS if entry.enabled is idle}.isdisjoint(enabled())
        assert "actionCancel" in enabled()
    assert enabled() == expected()
    assert "actionCancel" not in enabled()


def test_the_log_is_named_in_the_help_menu(window: MainWindow, places: UserDirs) -> None:
    (help_menu,) = [menu for menu in all_menus(window) if menu.title() == "&Help"]
    assert str(places.log) in entries(help_menu)[-1].text()
