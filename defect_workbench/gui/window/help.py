"""Help: the list of shortcuts, and details for a bug report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QStatusBar

from defect_workbench.app.messages import Messages
from defect_workbench.logs import bug_report

_SHOWN_MILLISECONDS = 4000


class Help:
    """Handlers of the Help menu.

    Parameters
    ----------
    key_sheet : callable
        Returns the list of keyboard shortcuts as HTML.
    """

    def __init__(
        self, messages: Messages, log: Path, status: QStatusBar, key_sheet: Callable[[], str]
    ) -> None:
        self._messages, self._log, self._status, self._key_sheet = messages, log, status, key_sheet

    def show_keys(self) -> None:
        """List the keyboard shortcuts."""
        self._messages.inform("Keyboard shortcuts", self._key_sheet())

    def copy_bug_report(self) -> None:
        """Copy versions and the end of the log to the clipboard."""
        QGuiApplication.clipboard().setText(bug_report(self._log))
        self._status.showMessage("Copied to the clipboard", _SHOWN_MILLISECONDS)
