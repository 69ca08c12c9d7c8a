"""The commands on the undo stack. Each holds what changed, not a copy of the project."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import numpy as np
from PySide6.QtGui import QUndoCommand

from defect_workbench.core.project.decision_history import History
from defect_workbench.core.project.decisions import Decisions
from defect_workbench.core.project.project_state import Project
from defect_workbench.engine.clustering.registry import METHODS

Part = TypeVar("Part")


class Replace(QUndoCommand, Generic[Part]):
    """One immutable part of the project is replaced by another.

    Parameters
    ----------
    text : str
        Follows "Undo" and "Redo" in the menu.
    apply : callable
        Puts a part into the project.
    """

    def __init__(self, text: str, apply: Callable[[Part], None], before: Part, after: Part) -> None:
        super().__init__(text)
        self._apply, self._before, self._after = apply, before, after

    def redo(self) -> None:
        """Put the new part in."""
        self._apply(self._after)

    def undo(self) -> None:
        """Put the old part back."""
        self._apply(self._before)


class Decide(QUndoCommand):
    """A decision: what it changes in the project, and its records in the history.

    Undoing takes the records back, too: the history says how the project came to be what it is. Redoing puts
    the same records in again.

    Parameters
    ----------
    after : Project
        With the decision: other decisions, a reviewed proposal, or other notes on images.
    current : callable
        Returns the project.
    apply : callable
        Replaces it.
    """

    def __init__(
        self,
        text: str,
        current: Callable[[], Project],
        apply: Callable[[Project], None],
        after: Project,
        records: History,
    ) -> None:
        super().__init__(text)
        self._current, self._apply, self._records = current, apply, records
        project = current()
        before, decisions = project.decisions, after.decisions
        self._changed = np.flatnonzero(
            (before.held != decisions.held) | (before.follows != decisions.follows)
        )
        self._held = before.held[self._changed], decisions.held[self._changed]
        self._follows = before.follows[self._changed], decisions.follows[self._changed]
        self._groups = before.groups, decisions.groups
        self._ordinals = before.ordinals, decisions.ordinals
        self._proposals = project.proposal, after.proposal
        self._notes = project.image_notes, after.image_notes

    def redo(self) -> None:
        """Change the images to their new groups."""
        self._set(1, (*self._current().history, *self._records))

    def undo(self) -> None:
        """Change the images back to their old groups."""
        history = self._current().history
        self._set(0, history[: len(history) - len(self._records)])

    def _set(self, side: int, history: History) -> None:
        project = self._current()
        decisions = project.decisions
        if len(self._changed) or self._groups[0] is not self._groups[1]:
            held, follows = decisions.held.copy(), decisions.follows.copy()
            held[self._changed], follows[self._changed] = self._held[side], self._follows[side]
            decisions = Decisions(held, follows, self._groups[side], self._ordinals[side])
        self._apply(
            project.changed(
                decisions=decisions,
                proposal=self._proposals[side],
                image_notes=self._notes[side],
                history=history,
            )
        )


def regrouping_text(before: Project, after: Project) -> str:
    """Return what undo calls the step from one grouping to another."""
    old, new = before.analysis, after.analysis
    if old.backbone is None and new.backbone is not None:
        return "Regroup with network features"
    if old.settings.processing != new.settings.processing:
        return "Preprocess images"
    return f"Regroup by {METHODS[new.settings.method].words(new.settings.parameters)}"
