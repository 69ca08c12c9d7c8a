"""The commands on the undo stack. Each holds what changed, not a copy of the project."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

import numpy as np
from PySide6.QtGui import QUndoCommand

from defect_workbench.core.project.decisions import Decisions

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


class ChangeDecisions(QUndoCommand):
    """Images move between groups, or groups get another name, note or state.

    Parameters
    ----------
    current : callable
        Returns the project's decisions.
    apply : callable
        Replaces them.
    """

    def __init__(
        self,
        text: str,
        current: Callable[[], Decisions],
        apply: Callable[[Decisions], None],
        before: Decisions,
        after: Decisions,
    ) -> None:
        super().__init__(text)
        self._current, self._apply = current, apply
        self._changed = np.flatnonzero((before.held != after.held) | (before.follows != after.follows))
        self._held = before.held[self._changed], after.held[self._changed]
        self._follows = before.follows[self._changed], after.follows[self._changed]
        self._groups = before.groups, after.groups

    def redo(self) -> None:
        """Change the images to their new groups."""
        self._set(1)

    def undo(self) -> None:
        """Change the images back to their old groups."""
        self._set(0)

    def _set(self, side: int) -> None:
        held, follows = self._current().held.copy(), self._current().follows.copy()
        held[self._changed], follows[self._changed] = self._held[side], self._follows[side]
        self._apply(Decisions(held, follows, self._groups[side]))
