"""Boxes of defects, over the images of all panels at once."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, QRectF, Signal
from PySide6.QtGui import QPainter

from defect_workbench.app.boxes.box_kinds import colour_of
from defect_workbench.app.boxes.defect_boxes import DefectBoxes
from defect_workbench.app.boxes.detector_errors import DetectorErrors
from defect_workbench.app.boxes.mask_loader import MaskLoader, corners
from defect_workbench.core.detector.detection_error import ErrorKind
from defect_workbench.gui.painting.box_painting import ShownBox, draw_boxes, error_boxes, shown_boxes
from defect_workbench.workflows.detection.compare_with_boxes import EvaluatedDetector


class BoxOverlays(QObject):
    """The boxes of the found defects, or the errors of a detector, shown in all panels or in none.

    Signals: changed when they are shown, hidden, or other ones.
    """

    changed = Signal()

    def __init__(self, defects: DefectBoxes, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.defects = defects
        self._errors = DetectorErrors(defects.document, self)
        self._masks = MaskLoader(defects, self)
        self._masks.ready.connect(self.changed)
        self._wanted, self._errors_wanted = True, False
        defects.changed.connect(self.changed)
        self._errors.changed.connect(self.changed)

    def close(self) -> None:
        """Stop looking for masks."""
        self._masks.close()

    @property
    def available(self) -> bool:
        """Whether the open images were searched for defects."""
        return self.defects.found is not None

    @property
    def shown(self) -> bool:
        """Whether boxes are shown."""
        return self._wanted and self.available

    def toggle(self) -> None:
        """Show the boxes, or hide them."""
        self._wanted = not self._wanted
        self.changed.emit()

    @property
    def errors_available(self) -> bool:
        """Whether a detector was evaluated on the open images."""
        return self._errors.known

    @property
    def errors_shown(self) -> bool:
        """Whether the errors of the detector are shown, in place of the boxes of the found defects."""
        return self._errors_wanted and self.errors_available

    def show_errors(self, evaluated: EvaluatedDetector) -> None:
        """Show the errors of a detector that was evaluated on the open images."""
        self._errors_wanted = True
        self._errors.take(evaluated)

    def toggle_errors(self) -> None:
        """Show the errors of the detector, or hide them."""
        self._errors_wanted = not self._errors_wanted
        self.changed.emit()

    def error_counts(self, images: Sequence[int]) -> dict[ErrorKind, int] | None:
        """Return the number of errors of each kind in some images; None if they are not shown there."""
        return self._errors.counts(images) if self.errors_shown else None

    def of(self, image: int | None, *, large: bool = True) -> tuple[ShownBox, ...]:
        """Return the boxes of an image; none while they are hidden.

        Parameters
        ----------
        large : bool
            Whether with captions, and with the masks of defects as far as they are known.
        """
        if self.errors_shown:
            return error_boxes(self._errors.of(image) or (), captions=large)
        if not self.shown or image is None:
            return ()
        kinds, masks = self.defects.kinds, self._masks.of(image) if large else {}
        return shown_boxes(
            self.defects.of(image),
            lambda label: colour_of(kinds, label),
            captions=large,
            outline_of=lambda box: masks.get(corners(box)),
        )

    def on(self, image: int | None) -> tuple[tuple[ShownBox, ...], tuple[int, int]]:
        """Return the boxes of an image, and its width and height in pixels."""
        project = self.defects.document.project
        if project is None or image is None or image >= len(project.images):
            return (), (1, 1)
        record = project.images.images[image]
        return self.of(image), (record.width, record.height)

    def paint(self, painter: QPainter, place: QRectF, image: int) -> None:
        """Draw the boxes of an image, if they are shown, where the image was drawn."""
        project, boxes = self.defects.document.project, self.of(image, large=False)
        if boxes and project is not None:
            record = project.images.images[image]
            draw_boxes(painter, boxes, place, (record.width, record.height), thin=True)
