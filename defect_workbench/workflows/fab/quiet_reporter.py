"""A reporter for what is repeated for weeks."""

from __future__ import annotations

from dataclasses import dataclass, field

from defect_workbench.core.errors import Remedy
from defect_workbench.core.progress import Reporter


@dataclass
class QuietReporter:
    """Passes on cancellation, and each warning once; stages of a batch are not worth a line."""

    reporter: Reporter
    warned: set[str] = field(default_factory=set)

    def stage(self, title: str, total: int | None) -> None:
        """Ignore the stage."""

    def advance(self, steps: int = 1) -> None:
        """Ignore the steps."""

    def warn(self, message: str, remedy: Remedy | None = None) -> None:
        """Pass on a warning that is new."""
        if message not in self.warned:
            self.warned.add(message)
            self.reporter.warn(message, remedy)

    def check(self) -> None:
        """Stop when the user cancelled."""
        self.reporter.check()
