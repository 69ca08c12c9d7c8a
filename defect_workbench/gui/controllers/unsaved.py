"""Asks once about unsaved work before it is replaced or closed; the default is to save."""

from __future__ import annotations

from collections.abc import Callable

from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.messages import Leave, Messages
from defect_workbench.core.project.project_state import Project

Then = Callable[[], None]

_RECOVERABLE = "Changes you do not save stay under File › Recover unsaved work for two weeks."

_BEFORE_ADDING = (
    "You have unsaved changes. Save them before images are added?\n\n"
    "They stay in either case. You can undo adding the images, and all steps before it."
)


class UnsavedWork:
    """Guards unsaved work against whatever would replace or close it.

    Parameters
    ----------
    kept_elsewhere : callable
        Whether a file other than the session file holds the current state.
    save : callable
        Saves the session, then calls its argument; only if it was saved.
    keep_discarded : callable
        Keeps a copy of discarded work, then calls its argument.
    classifier_unsaved : callable
        Whether a classifier was trained in this window and not saved.
    save_classifier : callable
        Saves the classifier, then calls its argument; only if it was saved.
    exclusive_job : callable
        Whether a job is running that only the user may cancel.
    """

    def __init__(
        self,
        document: Document,
        messages: Messages,
        kept_elsewhere: Callable[[], bool],
        save: Callable[[Then], None],
        keep_discarded: Callable[[Then], None],
        classifier_unsaved: Callable[[], bool],
        save_classifier: Callable[[Then], None],
        exclusive_job: Callable[[], bool],
    ) -> None:
        self._document, self._messages = document, messages
        self._kept_elsewhere, self._exclusive_job = kept_elsewhere, exclusive_job
        self._save, self._keep_discarded = save, keep_discarded
        self._classifier_unsaved, self._save_classifier = classifier_unsaved, save_classifier
        self._discarded: Project | None = None

    @property
    def would_be_lost(self) -> bool:
        """Whether closing the window would lose anything."""
        return self._session_unsaved() or self._classifier_unsaved() or self._exclusive_job()

    def _session_unsaved(self) -> bool:
        return self._document.dirty and not self._kept_elsewhere()

    def leave(self, proceed: Then, when: str = "first") -> None:
        """Call `proceed` once the session is saved, or discarded by the user."""
        if not self._session_unsaved():
            proceed()
            return
        words = f"You have unsaved changes. Save them {when}?\n\n{_RECOVERABLE}"
        self._messages.ask_to_save(words, self._answer(proceed))

    def add_images(self, proceed: Then) -> None:
        """As `leave`, before images are added: that keeps unsaved changes, so nothing is discarded."""

        def answered(answer: Leave) -> None:
            if answer is Leave.SAVE:
                self._save(proceed)
            elif answer is Leave.DISCARD:
                proceed()

        if self._session_unsaved():
            self._messages.ask_to_save(_BEFORE_ADDING, answered)
        else:
            proceed()

    def replace(self, proceed: Then) -> None:
        """As `leave`, for the result of a job before which the question was asked.

        Asks again only if decisions were made in the meantime.
        """
        if self._document.project is self._discarded:
            proceed()
        else:
            self.leave(proceed)

    def close(self, proceed: Then) -> None:
        """As `leave`, before closing: a classifier or a running job would be lost, too."""
        when = "before closing"

        def save() -> None:
            self.leave(lambda: self.leave_classifier(proceed, when), when)

        if self._exclusive_job():
            words = "A job is still running and would be stopped. Close anyway?"
            self._messages.ask("Close", words, "Stop and close", lambda agreed: save() if agreed else None)
        else:
            save()

    def leave_classifier(self, proceed: Then, when: str = "first") -> None:
        """Call `proceed` once an unsaved classifier is saved or discarded."""

        def answered(answer: Leave) -> None:
            if answer is Leave.SAVE:
                self._save_classifier(proceed)
            elif answer is Leave.DISCARD:
                proceed()

        if self._classifier_unsaved():
            words = f"The trained classifier has not been saved. Save it {when}?"
            self._messages.ask_to_save(words, answered)
        else:
            proceed()

    def _answer(self, proceed: Then) -> Callable[[Leave], None]:
        def answered(answer: Leave) -> None:
            if answer is Leave.SAVE:
                self._save(proceed)
            elif answer is Leave.DISCARD:
                # Any later decision creates another project object.
                self._discarded = self._document.project
                self._keep_discarded(proceed)

        return answered
