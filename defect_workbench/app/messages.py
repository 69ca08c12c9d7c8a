"""The message boxes that the window needs, as an interface; tests replace them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from PySide6.QtGui import QPixmap


class Leave(Enum):
    """What to do with unsaved work before something replaces it."""

    SAVE = auto()
    DISCARD = auto()
    STAY = auto()


@dataclass(frozen=True, eq=False)
class NameRequest:
    """What is known when the name of a cluster is asked for.

    Attributes
    ----------
    name : str
        The name that it has.
    known : sequence of str
        Names to complete from.
    pictures : sequence of callable
        Each returns one of the most typical images once it has been read.
    go_on : bool
        Whether to suggest continuing with the next cluster.
    """

    name: str
    known: Sequence[str]
    pictures: Sequence[Callable[[], QPixmap | None]]
    go_on: bool


class Messages(Protocol):
    """Messages and questions that do not block the event loop."""

    def inform(self, title: str, text: str) -> None:
        """Show a message that must be acknowledged."""

    def ask(self, title: str, text: str, yes: str, done: Callable[[bool], None]) -> None:
        """Ask a question; `done` gets the answer. Nothing changes unless the user presses `yes`."""

    def ask_to_save(self, text: str, done: Callable[[Leave], None]) -> None:
        """Ask what to do with unsaved work; the default saves it."""

    def ask_text(self, title: str, text: str, value: str, done: Callable[[str], None]) -> None:
        """Ask for a line of text; `done` gets it unless the user cancelled."""

    def ask_name(self, request: NameRequest, done: Callable[[str, bool], None]) -> None:
        """Ask for the name of a cluster.

        `done` gets it, and whether to confirm the cluster and show the next, unless the user cancelled.
        """
