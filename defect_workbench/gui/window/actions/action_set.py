"""The actions of one window: built from the registry, and enabled in one place."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QAction, QKeySequence, QPalette
from PySide6.QtWidgets import QMenu, QWidget

from defect_workbench.app.document.move_targets import MoveTarget
from defect_workbench.gui.painting.swatches import swatch_icon
from defect_workbench.gui.shared.theme import icon
from defect_workbench.gui.window.actions.action import Action, Controllers, State
from defect_workbench.gui.window.actions.registry import ACTIONS

_SWATCH = 12


class ActionSet:
    """A QAction for each entry of `ACTIONS`.

    Parameters
    ----------
    window : QWidget
        Owns the actions; their shortcuts work in it.
    controllers : Controllers
        What the handlers call.
    """

    def __init__(self, window: QWidget, controllers: Controllers) -> None:
        self.entries = tuple(ACTIONS)
        self.by_name = {entry.name: _make(entry, window, controllers) for entry in self.entries}
        self.refresh(State())

    def refresh(self, state: State) -> None:
        """Enable what can be run in a state of the window, and disable the rest."""
        for entry in self.entries:
            action = self.by_name[entry.name]
            action.setEnabled(entry.enabled(state))
            if entry.checked is not None:
                action.setChecked(entry.checked(state))
            if entry.other_text is not None:
                action.setText(entry.other_text(state) or entry.text)
            if entry.subject is not None:
                # A name that a user gave to a cluster must not become a mnemonic.
                subject = entry.subject(state).replace("&", "&&")
                action.setText(f"{entry.text} {subject}".rstrip())
                action.setToolTip(_with_shortcut(without_mnemonic(action.text()), entry))

    def set_icons(self, palette: QPalette) -> None:
        """Draw the icons in the colours of a palette."""
        for entry in self.entries:
            if entry.icon:
                self.by_name[entry.name].setIcon(icon(entry.icon, palette))


def without_mnemonic(text: str) -> str:
    """Return the text of an action without the mark of its mnemonic."""
    return text.replace("&&", "\0").replace("&", "").replace("\0", "&")


def _make(entry: Action, window: QWidget, controllers: Controllers) -> QAction:
    action = QAction(entry.text, window)
    action.setObjectName(entry.name)
    action.setShortcuts([QKeySequence(keys) for keys in entry.shortcuts])
    action.setToolTip(_with_shortcut(entry.tip, entry))
    action.setStatusTip(entry.tip)
    action.setCheckable(entry.checked is not None)
    handler, targets = entry.handler, entry.targets
    if handler is not None:
        action.triggered.connect(lambda: handler(controllers))
    if targets is not None:
        menu = QMenu(window)
        menu.aboutToShow.connect(lambda: _fill(menu, targets(controllers)))
        action.setMenu(menu)
    return action


def _fill(menu: QMenu, targets: Sequence[MoveTarget]) -> None:
    menu.clear()
    for target in targets:
        entry = menu.addAction(swatch_icon(target.colour, _SWATCH), target.name.replace("&", "&&"))
        entry.triggered.connect(lambda _=False, move=target.move: move())
    if not targets:
        menu.addAction("There is no other class").setEnabled(False)


def _with_shortcut(text: str, entry: Action) -> str:
    return f"{text} ({entry.shortcuts[0]})" if entry.shortcuts else text
