"""The menus and the tool bar, built from the registry of actions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import (
    QApplication,
    QLabel,
    QMainWindow,
    QMenu,
    QSizePolicy,
    QSpinBox,
    QToolBar,
    QToolButton,
    QWidget,
)

from defect_workbench.app.recent_work import RecentWork
from defect_workbench.app.recovery import RecoverableWork
from defect_workbench.app.settings import TEXT_SIZES
from defect_workbench.core.clustering.clustering_result import Suggestion
from defect_workbench.core.text import counted, sentence_case, without_figures
from defect_workbench.gui.window.actions.action import Group, Menu, ToolGroup
from defect_workbench.gui.window.actions.action_set import ActionSet
from defect_workbench.gui.window.tool_bar_fit import ToolBarFit

# The tool buttons whose texts stay longest in a narrow window: what a decision and a result need.
_KEPT_TEXTS = ("actionConfirm", "actionExport")

_SUBMENUS = {Group.SOURCES: "Compare &with", Group.KLARF: "Inspection files (&KLARF)"}


class Menus:
    """The menus and the tool bar of the window.

    Parameters
    ----------
    panels : sequence of QAction
        Show or hide a dock.
    log : Path
        The log file, shown in the Help menu.
    """

    def __init__(self, window: QMainWindow, actions: ActionSet, panels: Sequence[QAction], log: Path) -> None:
        self._actions = actions
        self.cluster_count = _cluster_count()
        self.tools = self._tool_bar(window)
        self._submenus: dict[Group, QMenu] = {}
        self._menus = {menu: window.menuBar().addMenu(menu.value) for menu in Menu}
        for menu in Menu:
            self._fill(menu)
        view = self._menus[Menu.VIEW]
        view.addSeparator()
        view.addActions(list(panels))
        view.addSeparator()
        self.themes = view.addMenu("&Theme")
        self.text_sizes = view.addMenu("Text &size")
        self._menus[Menu.CUT].setToolTipsVisible(True)
        self._menus[Menu.HELP].addAction(f"Log: {log}").setEnabled(False)
        self._suggestions: list[QAction] = []

    @property
    def sources(self) -> QMenu:
        """What images are compared with, which the Grouping panel shows, too."""
        return self._submenus[Group.SOURCES]

    def _fill(self, menu: Menu) -> None:
        """Add the actions of a menu, with a separator between two groups."""
        target = self._menus[menu]
        for group in (group for group in Group if group.menu is menu):
            entries = [entry for entry in self._actions.entries if entry.group is group]
            inside = target
            if group in _SUBMENUS:
                inside = self._submenus[group] = target.addMenu(_SUBMENUS[group])
            elif entries and target.actions():
                target.addSeparator()
            inside.addActions([self._actions.by_name[entry.name] for entry in entries])
            if group is Group.VIEWS:
                self.views = target.addMenu("Saved vie&ws")
                self.deleted_views = target.addMenu("&Delete view")
                self.columns = target.addMenu("&Columns below images")
            if group is Group.OPEN:
                self.recent = target.addMenu("Open &recent")
                self.discarded = target.addMenu("Recover unsaved &work")

    def _tool_bar(self, window: QMainWindow) -> QToolBar:
        bar = QToolBar("Tools")
        bar.setObjectName("tools")
        bar.setMovable(False)
        bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        # Not larger with large text, which takes the room.
        side = max(18, round(window.fontMetrics().height() * 1.15))
        bar.setIconSize(QSize(side, side))
        window.addToolBar(bar)
        texts: dict[str, QToolButton] = {}
        for number, group in enumerate(ToolGroup):
            if group is ToolGroup.OUTPUT:
                spacer = QWidget()
                spacer.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
                bar.addWidget(spacer)
            elif number:
                bar.addSeparator()
            for entry in self._actions.entries:
                if entry.tools is group:
                    action = self._actions.by_name[entry.name]
                    bar.addAction(action)
                    button = bar.widgetForAction(action)
                    assert isinstance(button, QToolButton)
                    if entry.icon_only:
                        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
                    else:
                        texts[entry.name] = button
            if group is ToolGroup.CUT:
                label = QLabel("Cut into")
                label.setContentsMargins(8, 0, 4, 0)
                bar.addWidget(label)
                bar.addWidget(self.cluster_count)
        ToolBarFit(bar, list(texts.values()), [texts[name] for name in _KEPT_TEXTS])
        return bar

    def refresh_icons(self) -> None:
        """Draw the icons in the colours of the palette."""
        self._actions.set_icons(QApplication.palette())

    def set_recent(self, works: Sequence[RecentWork], done: Callable[[RecentWork], None]) -> None:
        """List what was opened last and is still there."""
        _refill(self.recent, {work.path: partial(done, work) for work in works if work.exists})

    def offer_discarded(
        self, recoverable: Callable[[], Sequence[RecoverableWork]], restore: Callable[[Path], None]
    ) -> None:
        """List work that was left without saving, whenever the menu is opened."""

        def fill() -> None:
            # With seconds: the same work may be discarded twice within a minute.
            names = {f"{a.name}, {a.when:%d %b %H:%M:%S}": partial(restore, a.path) for a in recoverable()}
            _refill(self.discarded, names)
            if not names:
                self.discarded.addAction("Nothing to recover").setEnabled(False)
            self.discarded.setEnabled(True)

        self.discarded.aboutToShow.connect(fill)

    def set_themes(self, current: str, done: Callable[[str], None]) -> None:
        """List the themes, the current one checked."""
        words = {"system": "Same as the system", "light": "Light", "dark": "Dark"}
        _refill(self.themes, {text: partial(done, value) for value, text in words.items()})
        _check(self.themes, words.get(current, ""))

    def set_text_sizes(self, current: int, done: Callable[[int], None]) -> None:
        """List the text sizes, the current one checked."""
        _refill(self.text_sizes, {f"{size}%": partial(done, int(size)) for size in TEXT_SIZES})
        _check(self.text_sizes, f"{current}%")

    def set_suggestions(self, suggestions: Sequence[Suggestion], done: Callable[[int], None]) -> None:
        """List the suggested cuts at the end of the Cut menu."""
        cuts = self._menus[Menu.CUT]
        for action in self._suggestions:
            cuts.removeAction(action)
            action.deleteLater()
        self._suggestions = [cuts.addSeparator()] if suggestions else []
        for suggestion in suggestions:
            words = f"{counted(suggestion.clusters, 'branch')}: {without_figures(suggestion.why)}"
            action = cuts.addAction(words.replace("&", "&&"))
            action.setToolTip(sentence_case(suggestion.why))
            action.setStatusTip(sentence_case(suggestion.why))
            action.triggered.connect(lambda _=False, k=suggestion.clusters: done(k))
            self._suggestions.append(action)


def _cluster_count() -> QSpinBox:
    box = QSpinBox()
    box.setObjectName("clusterCount")
    box.setAccessibleName("Number of branches at the cut")
    box.setToolTip(
        "Number of branches that the cut divides the tree into. The clusters are these branches without "
        "outliers, as changed by your decisions; the status bar counts them."
    )
    box.setRange(1, 1)
    box.setKeyboardTracking(False)
    box.setMinimumWidth(box.fontMetrics().horizontalAdvance("00,000") + 44)
    return box


def _refill(menu: QMenu, entries: Mapping[str, Callable[[], None]]) -> None:
    menu.clear()
    for text, callback in entries.items():
        menu.addAction(text.replace("&", "&&")).triggered.connect(lambda _=False, call=callback: call())
    menu.setEnabled(bool(entries))


def _check(menu: QMenu, text: str) -> None:
    """Make the entries of a menu exclusive choices, and check one."""
    choices = QActionGroup(menu)
    for action in menu.actions():
        action.setCheckable(True)
        action.setChecked(action.text() == text)
        choices.addAction(action)
