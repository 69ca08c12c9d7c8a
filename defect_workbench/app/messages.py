"""The message boxes that the window needs, as an interface; tests replace them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import Protocol


class Leave(Enum):
    """What to do with unsaved work before something replaces it."""

    SAVE = auto()
    DISCARD = auto()
    STAY = auto()


class Messages(Protocol):
    """Messages and questions that do not block the event loop."""

    def inform(self, title: str, text: str) -> None:
        """Show a message that must be acknowledged."""

    def ask(self, title: str, text: str, yes: str, done: Callable[[bool], None]) -> None:
        """Ask a question; `done` gets the answer. Nothing changes unless the user presses `yes`."""

    def ask_to_save(self, text: str, done: Callable[[Leave], None]) -> None:
        """Ask what to do with unsaved work; the default saves it."""

    def ask_text(
        self, title: str, text: str, value: str, done: Callable[[str], None], known: Sequence[str] = ()
    ) -> None:
        """Ask for a line of text, completed from known ones; `done` gets it unless the user cancelled."""
