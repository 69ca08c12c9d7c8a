"""Tags and notes of the selected images."""

from __future__ import annotations

from collections import Counter

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.messages import Messages
from defect_workbench.core.arrays import Integers
from defect_workbench.core.project.image_notes import LONGEST_NOTE
from defect_workbench.core.text import counted, printable
from defect_workbench.gui.controllers.review_decisions import ReviewController
from defect_workbench.gui.dialogs.tag_dialog import TagDialog
from defect_workbench.gui.light_table.light_table import LightTable


class NotesOnImages:
    """Asks for tags and notes of what is selected in the gallery, and for tags on the light table."""

    def __init__(
        self,
        document: Document,
        review: ReviewController,
        light_table: LightTable,
        messages: Messages,
        parent: QWidget,
    ) -> None:
        light_table.tags_wanted.connect(lambda image: self.tag_images(np.array([image], np.intp)))
        self._document, self._review, self._messages, self._parent = document, review, messages, parent

    def tag(self) -> None:
        """Ask for the tags of the selected images."""
        self.tag_images(self._review.chosen_images())

    def tag_images(self, chosen: Integers) -> None:
        """Ask for the tags of some images."""
        project = self._document.project
        if project is None or not len(chosen):
            return
        notes, images = project.image_notes, project.images
        have = Counter(tag for image in chosen.tolist() for tag in notes.tags.get(image, ()))
        dialog = TagDialog(len(chosen), have, notes.tag_counts, self._parent, project.images.noun)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        def done(add: list[str], remove: list[str]) -> None:
            # Image numbers are not valid in another project.
            if self._document.project is not None and self._document.project.images is images:
                self._document.tag(chosen, add, remove)

        dialog.chosen.connect(done)
        dialog.open()

    def annotate(self) -> None:
        """Ask for a note on the selected images."""
        project, chosen = self._document.project, self._review.chosen_images()
        if project is None or not len(chosen):
            return
        images = project.images
        texts = {project.image_notes.texts.get(image, "") for image in chosen.tolist()}
        one = len(chosen) == 1
        name = (
            images.images[int(chosen[0])].path.rpartition("/")[2]
            if one
            else counted(len(chosen), images.noun)
        )
        words = f"Note on {printable(name)}:"
        if len(texts) > 1:
            words = f"{words}\nIt replaces different notes that these images have."

        def done(text: str) -> None:
            if self._document.project is not None and self._document.project.images is images:
                self._document.annotate_images(chosen, text.strip()[:LONGEST_NOTE])

        self._messages.ask_text("Note", words, texts.pop() if len(texts) == 1 else "", done)
