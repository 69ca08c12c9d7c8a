"""Progress and cancellation of long jobs, independent of the window and the command line."""

from __future__ import annotations

from typing import Protocol

from defect_workbench.core.errors import Remedy


class Reporter(Protocol):
    """Receives the progress of one job, stage after stage.

    It is only called from the thread that does the work.
    """

    def stage(self, title: str, total: int | None) -> None:
        """Begin a stage of `total` steps (None: unknown)."""

    def advance(self, steps: int = 1) -> None:
        """Add finished steps to the current stage."""

    def warn(self, message: str, remedy: Remedy | None = None) -> None:
        """Report a problem that does not stop the job, and what the user can do about it."""

    def check(self) -> None:
        """Raise `Cancelled` if the work should stop; called at batch boundaries."""


class SilentReporter:
    """A reporter that shows nothing but keeps the warnings."""

    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.remedies: list[Remedy | None] = []

    def stage(self, title: str, total: int | None) -> None:
        """Ignore the stage."""

    def advance(self, steps: int = 1) -> None:
        """Ignore the steps."""

    def warn(self, message: str, remedy: Remedy | None = None) -> None:
        """Keep the warning and its remedy."""
        self.warnings.append(message)
        self.remedies.append(remedy)

    def check(self) -> None:
        """Never stop."""
