"""Leaving unsaved work: asked once, before anything else happens, with Save as the default."""

from __future__ import annotations

from collections.abc import Callable

from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.messages import Leave, Messages
from defect_workbench.core.project.project_state import Project

Then = Callable[[], None]

_RECOVERABLE = "Changes you do not save stay under File › Recover unsaved work for two weeks."


class UnsavedWork:
    """Stands between a person and whatever would replace or close what is open.

    Parameters
    ----------
    kept_elsewhere : callable
        Whether a file that is not the session's own has all there is.
    save : callable
        Saves the session and goes on only if that worked.
    keep_discarded : callable
        Keeps what is discarded for a while, and goes on.
    classifier_unsaved : callable
        Whether a classifier was trained here that is in no file.
    save_classifier : callable
        Saves it and goes on only if that worked.
    under_way : callable
        Whether there is work that nothing but a cancel may end.
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
        under_way: Callable[[], bool],
    ) -> None:
        self._document, self._messages = document, messages
        self._kept_elsewhere, self._under_way = kept_elsewhere, under_way
        self._save, self._keep_discarded = save, keep_discarded
        self._classifier_unsaved, self._save_classifier = classifier_unsaved, save_classifier
        self._given_up: Project | None = None

    @property
    def matters(self) -> bool:
        """Whether anything would be lost with the window."""
        return self._session_unsaved() or self._classifier_unsaved() or self._under_way()

    def _session_unsaved(self) -> bool:
        return self._document.dirty and not self._kept_elsewhere()

    def leave(self, go: Then, when: str = "first") -> None:
        """Go on once what is open is saved, or given up by the person's own word."""
        if not self._session_unsaved():
            go()
            return
        words = f"You have unsaved changes. Save them {when}?\n\n{_RECOVERABLE}"
        self._messages.ask_to_save(words, self._answer(go))

    def replace(self, go: Then) -> None:
        """As `leave`, for the result of work that was asked about before it began.

        Asked again only where something was decided in the meantime.
        """
        if self._document.project is self._given_up:
            go()
        else:
            self.leave(go)

    def close(self, go: Then) -> None:
        """As `leave`, where a classifier and work under way would be lost, too."""
        when = "before closing"

        def save() -> None:
            self.leave(lambda: self.leave_classifier(go, when), when)

        if self._under_way():
            words = "A job is still running and would be stopped. Close anyway?"
            self._messages.ask("Close", words, "Stop and close", lambda agreed: save() if agreed else None)
        else:
            save()

    def leave_classifier(self, go: Then, when: str = "first") -> None:
        """Go on once a classifier trained here is saved, or given up."""

        def answered(answer: Leave) -> None:
            if answer is Leave.SAVE:
                self._save_classifier(go)
            elif answer is Leave.DISCARD:
                go()

        if self._classifier_unsaved():
            words = f"The trained classifier has not been saved. Save it {when}?"
            self._messages.ask_to_save(words, answered)
        else:
            go()

    def _answer(self, go: Then) -> Callable[[Leave], None]:
        def answered(answer: Leave) -> None:
            if answer is Leave.SAVE:
                self._save(go)
            elif answer is Leave.DISCARD:
                # The next decision makes another project of it.
                self._given_up = self._document.project
                self._keep_discarded(go)

        return answered
