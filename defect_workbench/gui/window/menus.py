"""The tool bar and the menus."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
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

from defect_workbench.app.recovery import Aside
from defect_workbench.app.settings import TEXT_SIZES
from defect_workbench.core.clustering.clustering_result import Suggestion
from defect_workbench.gui.shared.theme import icon
from defect_workbench.gui.window.actions import SPECS

_MORE = ("actionSaveDendrogram", "actionCompareSession", "actionCompareFolders")
_TABLE = ("actionPrepare", "actionJoinTable", "actionAssociate", "actionDropTable")
_CLUSTER_ACTIONS = ("actionRefineCluster", "actionMerge", "actionRename", "actionConfirm")


class Menus:
    """Everything above the panels.

    Parameters
    ----------
    actions : mapping of str to QAction
        By object name, undo and redo included.
    panels : sequence of QAction
        Show or hide a dock.
    """

    def __init__(
        self, window: QMainWindow, actions: Mapping[str, QAction], panels: Sequence[QAction], log: Path
    ) -> None:
        self._actions = actions
        self.cluster_count = QSpinBox()
        self.cluster_count.setObjectName("clusterCount")
        self.cluster_count.setAccessibleName("Number of clusters at the cut")
        self.cluster_count.setToolTip("Number of clusters at the cut, outliers not set apart")
        self.cluster_count.setRange(1, 1)
        self.cluster_count.setKeyboardTracking(False)
        width = self.cluster_count.fontMetrics().horizontalAdvance("00,000") + 44
        self.cluster_count.setMinimumWidth(width)
        self.tools = self._tool_bar(window)
        bar = window.menuBar()
        file = bar.addMenu("&File")
        file.addActions([actions[n] for n in ("actionOpenFolder", "actionOpenSession", "actionAddFolder")])
        self.recent = file.addMenu("Open recent")
        self.discarded = file.addMenu("Recover unsaved work")
        file.addSeparator()
        names = ("actionSaveSession", "actionSaveSessionAs", "actionExport", "actionUndoExport")
        file.addActions([actions[name] for name in names])
        file.addSeparator()
        file.addActions([actions[name] for name in _TABLE])
        file.addSeparator()
        file.addActions([actions[name] for name in _MORE])
        file.addSeparator()
        file.addAction(actions["actionQuit"])
        edit = bar.addMenu("&Edit")
        edit.addActions([actions["actionUndo"], actions["actionRedo"]])
        edit.addSeparator()
        edit.addActions([actions[name] for name in (*_CLUSTER_ACTIONS, "actionNote")])
        edit.addSeparator()
        moving = ("actionCut", "actionPaste", "actionSplitOut", "actionNuisance")
        edit.addActions([actions[name] for name in moving])
        edit.addSeparator()
        edit.addActions([actions["actionReview"], actions["actionAsked"]])
        self.cuts = bar.addMenu("&Cut")
        self.cuts.addAction(actions["actionSuggestCut"])
        view = bar.addMenu("&View")
        view.addActions(list(panels))
        view.addSeparator()
        self.themes = view.addMenu("Theme")
        self.text_sizes = view.addMenu("Text size")
        helping = bar.addMenu("&Help")
        helping.addActions([actions["actionKeys"], actions["actionBugReport"]])
        helping.addAction(f"Log: {log}").setEnabled(False)

    def _tool_bar(self, window: QMainWindow) -> QToolBar:
        bar = QToolBar("Tools")
        bar.setObjectName("tools")
        bar.setMovable(False)
        bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        side = max(18, round(window.fontMetrics().height() * 1.15))
        bar.setIconSize(QSize(side, side))
        window.addToolBar(bar)
        groups: tuple[tuple[str, ...], ...] = (
            ("actionOpenFolder", "actionSaveSession"),
            ("actionUndo", "actionRedo"),
            ("actionSuggestCut",),
            _CLUSTER_ACTIONS,
        )
        for number, group in enumerate(groups):
            if number:
                bar.addSeparator()
            bar.addActions([self._actions[name] for name in group])
            if "actionSuggestCut" in group:
                label = QLabel("Clusters")
                label.setContentsMargins(8, 0, 4, 0)
                bar.addWidget(label)
                bar.addWidget(self.cluster_count)
        for name in ("actionSaveSession", "actionUndo", "actionRedo"):
            button = bar.widgetForAction(self._actions[name])
            if isinstance(button, QToolButton):
                button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        spacer = QWidget()
        spacer.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        bar.addWidget(spacer)
        bar.addAction(self._actions["actionExport"])
        return bar

    def dress(self) -> None:
        """Icons in the colours of the palette."""
        palette = QApplication.palette()
        for spec in SPECS:
            if spec.icon:
                self._actions[spec.name].setIcon(icon(spec.icon, palette))
        self._actions["actionUndo"].setIcon(icon("undo", palette))
        self._actions["actionRedo"].setIcon(icon("redo", palette))

    def set_recent(self, paths: Sequence[Path], done: Callable[[Path], None]) -> None:
        """List what was opened last."""
        _refill(self.recent, {str(path): partial(done, path) for path in paths})

    def offer_discarded(self, found: Callable[[], Sequence[Aside]], restore: Callable[[Path], None]) -> None:
        """List work that was left without saving, whenever the menu is opened."""

        def fill() -> None:
            # To the second: one lot may be discarded twice within a minute.
            names = {f"{a.name}, {a.when:%d %b %H:%M:%S}": partial(restore, a.path) for a in found()}
            _refill(self.discarded, names)
            if not names:
                self.discarded.addAction("Nothing to recover").setEnabled(False)
            self.discarded.setEnabled(True)

        self.discarded.aboutToShow.connect(fill)

    def set_themes(self, done: Callable[[str], None]) -> None:
        """List the themes."""
        words = {"system": "As the system", "light": "Light", "dark": "Dark"}
        _refill(self.themes, {text: partial(done, value) for value, text in words.items()})

    def set_text_sizes(self, done: Callable[[int], None]) -> None:
        """List the sizes of text."""
        _refill(self.text_sizes, {f"{size} %": partial(done, int(size)) for size in TEXT_SIZES})

    def set_suggestions(self, suggestions: Sequence[Suggestion], done: Callable[[int], None]) -> None:
        """List the suggested cuts below the action for the best one."""
        self.cuts.clear()
        self.cuts.addAction(self._actions["actionSuggestCut"])
        self.cuts.addSeparator()
        for suggestion in suggestions:
            action = self.cuts.addAction(f"{suggestion.clusters} clusters: {suggestion.why}")
            action.triggered.connect(lambda _=False, k=suggestion.clusters: done(k))


def _refill(menu: QMenu, entries: Mapping[str, Callable[[], None]]) -> None:
    menu.clear()
    for text, do in entries.items():
        menu.addAction(text.replace("&", "&&")).triggered.connect(lambda _=False, call=do: call())
    menu.setEnabled(bool(entries))
