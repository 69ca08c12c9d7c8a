"""What the window needs of message boxes; tests put something else in their place."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import Protocol


class Leave(Enum):
    """What to do with unsaved work that is about to be left."""

    SAVE = auto()
    DISCARD = auto()
    STAY = auto()


class Messages(Protocol):
    """Tells and asks without stopping the event loop."""

    def tell(self, title: str, text: str) -> None:
        """Say something that must be read."""

    def ask(self, title: str, text: str, yes: str, done: Callable[[bool], None]) -> None:
        """Ask a question; `done` gets the answer. Nothing changes unless the person presses `yes`."""

    def ask_to_save(self, text: str, done: Callable[[Leave], None]) -> None:
        """Ask what to do with unsaved work; the default saves it."""

    def ask_text(self, title: str, text: str, value: str, done: Callable[[str], None]) -> None:
        """Ask for a line of text; `done` gets it unless the person cancelled."""
