"""What every action of the window must satisfy."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import pytest
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QMainWindow
from pytestqt.qtbot import QtBot

from defect_workbench.gui.window.actions.action import Action, Group, Menu, State
from defect_workbench.gui.window.actions.action_set import without_mnemonic
from defect_workbench.gui.window.actions.conditions import always
from defect_workbench.gui.window.actions.key_sheet import key_groups, key_sheet
from defect_workbench.gui.window.actions.registry import ACTIONS
from defect_workbench.gui.window.menus import Menus
from defect_workbench.resources import resource
from tests.menus import all_menus, calls_of, entries, recording_actions

EMPTY = State()
BUSY_EMPTY = State(busy=True)
OPEN = State(
    defects_found=True, errors_known=True, pareto=True, inspected=True,
    open=True, tree=True, clusters=1, images=True, images_cut=True, table=True, suggestions=True,
    proposals=True, maps=True, source_given=True, undo="Merge", redo="Merge",
)  # fmt: skip
# These are about something other than the open project.
WITHOUT_PROJECT = {
    "actionOpenFolder", "actionOpenSession", "actionUndoExport", "actionWatchFolder",
    "actionOpenKlarf", "actionOpenKlarfFolder",
    "actionClassLibrary", "actionPerson", "actionQuit", "actionKeys", "actionBugReport",
}  # fmt: skip
HISTORY = {"actionUndo", "actionRedo"}

each_action = pytest.mark.parametrize("entry", list(ACTIONS), ids=ACTIONS.names)


@each_action
def test_it_has_a_name_a_text_and_a_tip(entry: Action) -> None:
    assert re.fullmatch(r"action[A-Z]\w+", entry.name)
    assert without_mnemonic(entry.text)[:1].isupper()
    assert entry.tip[:1].isupper()
    assert not entry.tip.endswith(".")


@each_action
def test_its_text_has_one_mnemonic(entry: Action) -> None:
    assert len(re.findall(r"&\w", entry.text)) == 1
    assert entry.text.replace("&", "") == without_mnemonic(entry.text)


def test_no_two_entries_of_a_menu_share_a_mnemonic(qtbot: QtBot) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    Menus(window, recording_actions(window, []), [], Path("log"))
    assert len({title.text().partition("&")[2][:1] for title in window.menuBar().actions()}) == len(Menu)
    for menu in all_menus(window):
        letters = [letter.lower() for a in entries(menu) for letter in re.findall(r"&(\w)", a.text())]
        assert sorted(set(letters)) == sorted(letters), menu.title()


@each_action
def test_it_calls_one_method_of_a_controller(entry: Action, qtbot: QtBot) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    assert len(calls_of(entry, window)) == 1


@each_action
def test_its_shortcuts_are_keys_that_qt_knows(entry: Action) -> None:
    for keys in entry.shortcuts:
        assert QKeySequence(keys).toString() == keys


@each_action
def test_its_icon_exists_if_the_tool_bar_shows_nothing_else(entry: Action) -> None:
    if entry.icon:
        assert resource("icons", f"{entry.icon}.svg").is_file()
    assert entry.icon or not entry.icon_only


@each_action
def test_it_is_enabled_when_it_makes_sense(entry: Action) -> None:
    everything = State(**{**vars(OPEN), "clusters": 2})
    assert entry.name == "actionCancel" or entry.enabled(OPEN) or entry.enabled(everything)
    busy = State(**{**vars(OPEN), "busy": True})
    if entry.name in WITHOUT_PROJECT:
        assert entry.enabled(EMPTY)
        assert entry.enabled(busy)
    elif entry.name not in HISTORY:
        assert not entry.enabled(EMPTY)
        # What only changes the view does not disturb a job.
        assert entry.enabled(busy) == (entry.name == "actionCancel" or entry.group.menu is Menu.VIEW)
        assert entry.enabled(BUSY_EMPTY) == (entry.name == "actionCancel")


@each_action
def test_a_single_key_never_acts_on_what_is_out_of_sight(entry: Action) -> None:
    single = any(len(keys) == 1 for keys in entry.shortcuts)
    if single and entry.name != "actionReview":
        hidden = [State(**{**vars(OPEN), "reviewing": False, "clusters": n}) for n in (1, 2)]
        assert not any(entry.enabled(state) for state in hidden)


@each_action
def test_its_condition_answers_in_every_state(entry: Action) -> None:
    for flags in product((False, True), repeat=9):
        for clusters in (0, 1, 2):
            open_, busy, tree, reviewing, images, cut, table, suggestions, maps = flags
            state = State(open_, busy, tree, reviewing, clusters, images, cut, table, suggestions, maps)
            assert entry.enabled(state) in (True, False)


def test_no_two_actions_share_a_shortcut() -> None:
    taken = [keys for entry in ACTIONS for keys in entry.shortcuts]
    assert sorted(set(taken)) == sorted(taken)


def test_every_menu_has_actions() -> None:
    filled = {entry.group.menu for entry in ACTIONS}
    assert filled == set(Menu)


def test_a_shortcut_of_a_new_action_is_listed() -> None:
    new = Action("actionDummy", "&Dummy", "Do nothing", Group.VIEWS, lambda to: None, always, ("Ctrl+F12",))
    with ACTIONS.including(new):
        assert "Ctrl+F12" in key_sheet()
    assert "Ctrl+F12" not in key_sheet()


def test_shortcuts_are_listed_by_menu_and_panel_in_two_columns() -> None:
    groups = key_groups()
    assert list(groups) == [
        *("File", "Edit", "Review", "Cut", "View", "Help"),
        *("Outlier queue", "Light table", "Dendrogram"),
    ]
    assert ("F2", "Rename") in groups["Edit"]
    listed = sum(len(groups[menu.value.replace("&", "")]) for menu in Menu)
    assert listed == sum(bool(entry.shortcuts) for entry in ACTIONS)
    left, right = (part.count("<tr>") for part in key_sheet().split("</table></td>")[:2])
    assert abs(left - right) <= 10
