"""The window in which one job runs at a time."""

from __future__ import annotations

from PySide6.QtCore import Signal

from defect_workbench.app.jobs.runner import Work
from defect_workbench.app.messages import Messages
from defect_workbench.gui.window.review_window import ReviewWindow
from defect_workbench.user_dirs import UserDirs

_STATUS_MILLISECONDS = 6000


class JobWindow(ReviewWindow):
    """Runs jobs. Signals: job_begun(work).

    Parameters
    ----------
    places : UserDirs
        Where weights, features, log and settings are.
    messages : Messages, optional
        Message boxes; tests pass their own.
    """

    job_begun = Signal(object)

    def __init__(self, places: UserDirs, messages: Messages | None) -> None:
        super().__init__(places, messages)
        self._exclusive = False

    @property
    def in_exclusive_job(self) -> bool:
        """Whether a job is running that only the user can cancel."""
        return self._exclusive and self.jobs.busy

    def run_job(self, work: Work) -> None:
        """Run a job in place of the running one, unless that is exclusive."""
        self.begin(work)

    def begin(self, work: Work) -> bool:
        """Run a job; return False while an exclusive job is running."""
        if self.in_exclusive_job:
            self.notice.notify(
                "A job is still running. Wait until it ends, or cancel it (Esc).", warning=True
            )
            self.grouping.show_document()
            return False
        self._exclusive = self._notice_aside = False
        self.notice.hide()
        self.jobs.run(work)
        self.job_begun.emit(work)
        return True

    def begin_exclusive(self, work: Work) -> bool:
        """Run a job that only the user can cancel: one that takes long or writes files."""
        if not self.begin(work):
            return False
        self._exclusive = True
        return True

    def run_exclusive(self, work: Work) -> None:
        """Do the same; whether it began does not matter."""
        self.begin_exclusive(work)

    def show_status(self, text: str) -> None:
        """Show a text in the status bar for a while."""
        self.statusBar().showMessage(text, _STATUS_MILLISECONDS)
