"""The facts that decide which actions are enabled, and what changes them."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import SignalInstance

from defect_workbench.core.clustering.map_comparison import source_of
from defect_workbench.gui.controllers.classifier_controller import ClassifierController
from defect_workbench.gui.window.actions.action import State
from defect_workbench.gui.window.review_window import ReviewWindow


class ActionState:
    """Collects the facts from the panels and the document."""

    def __init__(self, window: ReviewWindow, classifier: ClassifierController) -> None:
        self._window, self._classifier = window, classifier

    def current(self) -> State:
        """Return the facts as they are now."""
        window, project = self._window, self._window.document.project
        stack, chosen = window.document.undo_stack, window.cluster_list.chosen()
        return State(
            open=project is not None,
            busy=window.jobs.busy,
            tree=window.document.tree is not None,
            reviewing=not window.at_light_table and window.tabs.currentWidget() is not window.classify_panel,
            clusters=len(chosen),
            all_confirmed=bool(chosen) and all(c.group is not None and c.group.confirmed for c in chosen),
            images=window.gallery.selectionModel().hasSelection(),
            current=window.gallery.currentIndex().isValid(),
            images_cut=window.review.has_cut_images,
            table=project is not None and project.side is not None,
            maps=project is not None and project.maps is not None,
            defects_found=window.overlays.boxes.available,
            boxes_shown=window.overlays.boxes.shown,
            errors_known=window.overlays.boxes.errors_available,
            errors_shown=window.overlays.boxes.errors_shown,
            pareto=window.pareto.has_chart,
            maps_shown=window.overlays.wanted,
            source_given=project is not None and any(source_of(project.analysis.settings)),
            single_defects=project is not None and project.images.are_defects,
            proposals=project is not None
            and project.proposal is not None
            and bool(project.proposal.waiting(project.partition).any()),
            suggestions=bool(self._classifier.suggested_images),
            inspected=project is not None and project.inspection is not None,
            undo=stack.undoText() if stack.canUndo() else None,
            redo=stack.redoText() if stack.canRedo() else None,
        )

    def signals(self) -> Iterator[SignalInstance]:
        """Yield the signals after which the facts may have changed."""
        window, document = self._window, self._window.document
        stack = document.undo_stack
        yield from (document.opened, document.grouping_changed)
        yield from (document.side_changed, document.partition_changed)
        yield from (stack.canUndoChanged, stack.canRedoChanged)
        yield from (stack.undoTextChanged, stack.redoTextChanged)
        yield from (window.jobs.busy_changed, window.review.cut_changed, window.tabs.currentChanged)
        yield from (window.overlays.changed, window.stack.currentChanged, window.pareto.changed)
        yield from (
            window.gallery.selectionModel().selectionChanged,
            window.gallery.selectionModel().currentChanged,
        )
        yield window.cluster_list.selectionModel().selectionChanged
