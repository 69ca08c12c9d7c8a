"""Shows who decided what, and asks for the name that decisions are recorded with."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.messages import Messages
from defect_workbench.app.settings import WindowSettings
from defect_workbench.core.text import counted
from defect_workbench.gui.controllers.review_decisions import ReviewController
from defect_workbench.gui.dialogs.decision_history_dialog import DecisionHistoryDialog

_ACTIONS = ("actionUndo", "actionRedo")


class DecisionHistoryController:
    """Connects the list of decisions, the document and the settings.

    Parameters
    ----------
    choose_images : callable
        Selects images in the window.
    """

    def __init__(
        self,
        document: Document,
        settings: WindowSettings,
        messages: Messages,
        review: ReviewController,
        choose_images: Callable[[list[int]], None],
        parent: QWidget,
    ) -> None:
        self._document, self._settings, self._messages = document, settings, messages
        self._review, self._choose_images, self._parent = review, choose_images, parent
        self._dialog: DecisionHistoryDialog | None = None
        document.person = settings.person
        document.partition_changed.connect(self._refresh)
        document.opened.connect(self._refresh)

    def show(self) -> None:
        """Show the list of decisions."""
        if self._dialog is None:
            self._dialog = DecisionHistoryDialog(self._parent)
            self._dialog.images_chosen.connect(self._choose)
            self._dialog.name_wanted.connect(self.ask_person)
            self._dialog.show_person(self._document.person)
            # Undo works in the list, too, as it shows what there is to undo.
            for name in _ACTIONS:
                action = self._parent.findChild(QAction, name)
                if isinstance(action, QAction):
                    self._dialog.addAction(action)
        self._refresh()
        self._dialog.show()
        self._dialog.raise_()
        self._dialog.activateWindow()

    def ask_person(self) -> None:
        """Ask for the name that decisions are recorded with."""
        words = (
            "Your decisions are recorded with this name, in the session and in reports. Nothing is sent.\n"
            "Leave it empty to use your login name:"
        )
        self._messages.ask_text("Your name", words, self._document.person, self._use_name)

    def _use_name(self, name: str) -> None:
        self._settings.person = name
        self._document.person = self._settings.person
        if self._dialog is not None:
            self._dialog.show_person(self._document.person)

    def _refresh(self) -> None:
        if self._dialog is not None:
            project = self._document.project
            if project is None:
                self._dialog.show_history(())
            else:
                self._dialog.show_history(project.history, project.images.noun)

    def _choose(self, images: list[int]) -> None:
        self._choose_images(images)
        if self._dialog is None:
            return
        shown, project = len(self._review.chosen_images()), self._document.project
        noun = "image" if project is None else project.images.noun
        if shown == len(images):
            self._dialog.show_result(f"{counted(shown, noun)} selected.")
        else:
            hidden = counted(len(images) - shown, noun)
            self._dialog.show_result(f"{counted(shown, noun)} selected. The gallery’s filter hides {hidden}.")
