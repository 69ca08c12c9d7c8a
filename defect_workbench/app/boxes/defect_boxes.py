"""The single defects of the images of the document: found, and corrected by people."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from defect_workbench.app.boxes.box_kinds import BoxKind, box_kinds
from defect_workbench.app.document.workbench_document import Document
from defect_workbench.core.images.detections import Detection
from defect_workbench.core.project.found_defects import FoundDefects


class DefectBoxes(QObject):
    """What a project knows about single defects; every change is an undo step of the document.

    Signals: changed when there are other defects, or another project.
    """

    changed = Signal()

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.document = document
        self._shown: FoundDefects | None = None
        self._kinds: tuple[BoxKind, ...] = ()
        document.opened.connect(self._on_opened)
        document.columns_changed.connect(self._refresh)
        document.grouping_changed.connect(self._refresh)

    @property
    def found(self) -> FoundDefects | None:
        """The defects of all images; None before a search."""
        project = self.document.project
        return None if project is None else project.found

    @property
    def kinds(self) -> tuple[BoxKind, ...]:
        """The kinds of defects, with their keys and colours."""
        return self._kinds

    def of(self, image: int) -> tuple[Detection, ...]:
        """Return the defects of an image; none if it was not searched."""
        found = self.found
        return () if found is None or image >= len(found.of) else found.of[image] or ()

    def take(self, found: FoundDefects) -> None:
        """Take over the defects that a search has found."""
        self.document.replace_fields("Find defects", found=found)

    def correct(self, image: int, boxes: Sequence[Detection], text: str) -> None:
        """Change the boxes of an image; `text` is what undo calls it."""
        found = self.found
        if found is not None and found.of[image] != tuple(boxes):
            self.document.replace_fields(text, found=found.with_boxes(image, boxes))

    def agree(self, image: int) -> None:
        """Note that the boxes of an image are right and complete."""
        found = self.found
        if found is not None and not found.checked[image]:
            after = found.with_boxes(image, self.of(image), agreed=True)
            self.document.replace_fields("Agree with boxes", found=after)

    def _on_opened(self) -> None:
        self._kinds = ()
        self._refresh()

    def _refresh(self) -> None:
        found = self.found
        if found is not self._shown:
            self._shown = found
            # Keys hold still while boxes are named.
            labels = () if found is None else found.labels
            self._kinds = () if found is None else box_kinds(labels, self.document.classes, self._kinds)
            self.changed.emit()
