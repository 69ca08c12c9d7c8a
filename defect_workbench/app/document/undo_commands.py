"""What a person can undo. A command holds what changed, not a copy of the whole."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from PySide6.QtGui import QUndoCommand

from defect_workbench.app.jobs.open_job import Opened
from defect_workbench.core.project.decisions import Decisions
from defect_workbench.core.project.proposal import Proposal
from defect_workbench.core.project.side_data import SideData


class Changeable(Protocol):
    """The document, as commands see it."""

    def apply_cut(self, clusters: int) -> None:
        """Set the cut."""

    def apply_decisions(self, decisions: Decisions) -> None:
        """Set the decisions."""

    def apply_grouping(self, opened: Opened) -> None:
        """Set analysis and cut; the decisions stay."""

    def apply_side(self, side: SideData | None) -> None:
        """Set the joined table."""

    def apply_proposal(self, proposal: Proposal) -> None:
        """Set what a classifier proposes, and what of it was looked at."""

    @property
    def decisions(self) -> Decisions:
        """Those that hold."""


class MoveCut(QUndoCommand):
    """The cut went from one number of clusters to another."""

    def __init__(self, document: Changeable, before: int, after: int) -> None:
        super().__init__(f"Cut into {after} clusters")
        self._document, self._before, self._after = document, before, after

    def redo(self) -> None:
        """Cut as decided."""
        self._document.apply_cut(self._after)

    def undo(self) -> None:
        """Cut as before."""
        self._document.apply_cut(self._before)


class Regroup(QUndoCommand):
    """The images are grouped with other settings; both results are immutable and shared."""

    def __init__(self, document: Changeable, text: str, before: Opened, after: Opened) -> None:
        super().__init__(text)
        self._document, self._before, self._after = document, before, after

    def redo(self) -> None:
        """Group as chosen."""
        self._document.apply_grouping(self._after)

    def undo(self) -> None:
        """Group as before."""
        self._document.apply_grouping(self._before)


class Join(QUndoCommand):
    """A table is joined to the images, or taken away."""

    def __init__(
        self, document: Changeable, text: str, before: SideData | None, after: SideData | None
    ) -> None:
        super().__init__(text)
        self._document, self._before, self._after = document, before, after

    def redo(self) -> None:
        """Join it."""
        self._document.apply_side(self._after)

    def undo(self) -> None:
        """As before."""
        self._document.apply_side(self._before)


class Agree(QUndoCommand):
    """A person has looked at proposals and found them right."""

    def __init__(self, document: Changeable, text: str, before: Proposal, after: Proposal) -> None:
        super().__init__(text)
        self._document, self._before, self._after = document, before, after

    def redo(self) -> None:
        """They are looked at."""
        self._document.apply_proposal(self._after)

    def undo(self) -> None:
        """They are not."""
        self._document.apply_proposal(self._before)


class Decide(QUndoCommand):
    """Some images are held in other groups now, or groups are described otherwise."""

    def __init__(self, document: Changeable, text: str, before: Decisions, after: Decisions) -> None:
        super().__init__(text)
        self._document = document
        self._changed = np.flatnonzero((before.held != after.held) | (before.follows != after.follows))
        self._held = before.held[self._changed], after.held[self._changed]
        self._follows = before.follows[self._changed], after.follows[self._changed]
        self._groups = before.groups, after.groups

    def redo(self) -> None:
        """Decide."""
        self._apply(1)

    def undo(self) -> None:
        """Take it back."""
        self._apply(0)

    def _apply(self, side: int) -> None:
        held, follows = self._document.decisions.held.copy(), self._document.decisions.follows.copy()
        held[self._changed], follows[self._changed] = self._held[side], self._follows[side]
        self._document.apply_decisions(Decisions(held, follows, self._groups[side]))
