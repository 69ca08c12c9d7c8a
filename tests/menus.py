"""The menus of a window, and what their entries call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMainWindow, QMenu

from defect_workbench.gui.window.actions.action import Action, Controllers
from defect_workbench.gui.window.actions.action_set import ActionSet


def all_menus(window: QMainWindow) -> Iterator[QMenu]:
    """The menus of the bar, and their submenus."""
    waiting = window.menuBar().actions()
    while waiting:
        menu = waiting.pop(0).menu()
        if isinstance(menu, QMenu):
            yield menu
            waiting += menu.actions()


def entries(menu: QMenu) -> list[QAction]:
    """The entries of a menu, without separators."""
    return [action for action in menu.actions() if not action.isSeparator()]


class Recorder:
    """Stands in for a controller, and notes the path of what is called."""

    def __init__(self, path: str, called: list[str]) -> None:
        self.path, self.called = path, called

    def __getattr__(self, name: str) -> object:
        return Recorder(f"{self.path}.{name}", self.called)

    def __call__(self) -> tuple[()]:
        self.called.append(self.path)
        return ()


def recording_actions(window: QMainWindow, called: list[str]) -> ActionSet:
    """Return the actions of a window, which note what they call instead of calling it."""
    parts = {field.name: Recorder(field.name, called) for field in fields(Controllers)}
    return ActionSet(window, Controllers(**parts))  # type: ignore[arg-type]


def calls_of(entry: Action, window: QMainWindow) -> list[str]:
    """Trigger an action, or open its submenu, and return the paths of the methods that it calls."""
    called: list[str] = []
    action = recording_actions(window, called).by_name[entry.name]
    action.setEnabled(True)
    menu = action.menu()
    if isinstance(menu, QMenu):
        menu.aboutToShow.emit()
    else:
        action.trigger()
    return called
