"""What the window needs of message boxes; tests put something else in their place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Messages(Protocol):
    """Tells and asks without stopping the event loop."""

    def tell(self, title: str, text: str) -> None:
        """Say something that must be read."""

    def ask(self, title: str, text: str, yes: str, done: Callable[[bool], None]) -> None:
        """Ask a question; `done` gets the answer."""

    def ask_text(self, title: str, text: str, value: str, done: Callable[[str], None]) -> None:
        """Ask for a line of text; `done` gets it unless the person cancelled."""
