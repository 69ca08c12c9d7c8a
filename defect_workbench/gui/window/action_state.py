"""The facts that decide which actions are enabled, and what changes them."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import SignalInstance

from defect_workbench.gui.controllers.classifier_controller import Classifying
from defect_workbench.gui.window.actions.action import State
from defect_workbench.gui.window.window_layout import Bench


class ActionState:
    """Collects the facts from the panels and the document."""

    def __init__(self, bench: Bench, classifying: Classifying) -> None:
        self._bench, self._classifying = bench, classifying

    def current(self) -> State:
        """Return the facts as they are now."""
        bench, project = self._bench, self._bench.document.project
        stack = bench.document.undo_stack
        return State(
            open=project is not None,
            busy=bench.jobs.busy,
            tree=bench.document.tree is not None,
            reviewing=bench.tabs.currentWidget() is not bench.classify_panel,
            clusters=len(bench.cluster_list.chosen()),
            images=bench.gallery.selectionModel().hasSelection(),
            images_cut=bench.review.has_cut_images,
            table=project is not None and project.side is not None,
            suggestions=bool(self._classifying.suggested_images),
            undo=stack.undoText() if stack.canUndo() else None,
            redo=stack.redoText() if stack.canRedo() else None,
        )

    def signals(self) -> Iterator[SignalInstance]:
        """Yield the signals after which the facts may be different."""
        bench, document = self._bench, self._bench.document
        stack = document.undo_stack
        yield from (document.opened, document.grouping_changed)
        yield from (document.side_changed, document.partition_changed)
        yield from (stack.canUndoChanged, stack.canRedoChanged)
        yield from (stack.undoTextChanged, stack.redoTextChanged)
        yield from (bench.jobs.busy_changed, bench.review.cut_changed, bench.tabs.currentChanged)
        yield bench.gallery.selectionModel().selectionChanged
        yield bench.cluster_list.selectionModel().selectionChanged
