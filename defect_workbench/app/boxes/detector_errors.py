"""The errors of the detector that was evaluated last, for the images of the document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from PySide6.QtCore import QObject, Signal

from defect_workbench.app.document.workbench_document import Document
from defect_workbench.core.detector.detection_error import DetectionError, ErrorKind
from defect_workbench.workflows.detection.compare_with_boxes import EvaluatedDetector


class DetectorErrors(QObject):
    """What was missed, invented and wrongly named, by path: images may be added meanwhile.

    Signals: changed when there are other errors, or none any more.
    """

    changed = Signal()

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._of: Mapping[str, tuple[DetectionError, ...]] = {}
        self._kinds: tuple[ErrorKind, ...] = ()
        document.opened.connect(self._clear)

    @property
    def known(self) -> bool:
        """Whether a detector was evaluated on the open images."""
        return bool(self._of)

    def take(self, evaluated: EvaluatedDetector) -> None:
        """Take over the errors of an evaluation of the open images."""
        errors = dict(evaluated.errors)
        self._of = {path: errors.get(path, ()) for path in evaluated.paths}
        by_kind = {each.kind for found in errors.values() for each in found}
        self._kinds = tuple(kind for kind in ErrorKind if kind is not ErrorKind.WRONG_KIND or kind in by_kind)
        self.changed.emit()

    def of(self, image: int | None) -> tuple[DetectionError, ...] | None:
        """Return the errors in an image; None if the detector was not evaluated on it."""
        project = self._document.project
        if project is None or image is None or image >= len(project.images):
            return None
        return self._of.get(project.images.images[image].path)

    def counts(self, images: Sequence[int]) -> dict[ErrorKind, int] | None:
        """Return the number of errors of each kind in some images; None if none was evaluated."""
        listed = [found for image in images if (found := self.of(image)) is not None]
        numbers = Counter(each.kind for found in listed for each in found)
        return {kind: numbers[kind] for kind in self._kinds} if listed else None

    def _clear(self) -> None:
        if self._of:
            self._of = {}
            self.changed.emit()
