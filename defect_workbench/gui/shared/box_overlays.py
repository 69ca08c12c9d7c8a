"""Boxes of defects, over the images of all panels at once."""

from __future__ import annotations

from PySide6.QtCore import QObject, QRectF, Signal
from PySide6.QtGui import QPainter

from defect_workbench.app.boxes.box_kinds import colour_of
from defect_workbench.app.boxes.defect_boxes import DefectBoxes
from defect_workbench.gui.shared.box_painting import ShownBox, draw_boxes, shown_boxes


class BoxOverlays(QObject):
    """The boxes of the found defects, shown in all panels or in none.

    Signals: changed when they are shown, hidden, or other ones.
    """

    changed = Signal()

    def __init__(self, defects: DefectBoxes, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.defects = defects
        self._wanted = True
        defects.changed.connect(self.changed)

    @property
    def available(self) -> bool:
        """Whether somebody searched the open images for defects."""
        return self.defects.found is not None

    @property
    def shown(self) -> bool:
        """Whether boxes are shown."""
        return self._wanted and self.available

    def toggle(self) -> None:
        """Show the boxes, or hide them."""
        self._wanted = not self._wanted
        self.changed.emit()

    def of(self, image: int | None, *, captions: bool = True) -> tuple[ShownBox, ...]:
        """Return the boxes of an image; none while they are hidden."""
        if not self.shown or image is None:
            return ()
        kinds = self.defects.kinds
        return shown_boxes(self.defects.of(image), lambda label: colour_of(kinds, label), captions=captions)

    def on(self, image: int | None) -> tuple[tuple[ShownBox, ...], tuple[int, int]]:
        """Return the boxes of an image, and its width and height in pixels."""
        project = self.defects.document.project
        if project is None or image is None or image >= len(project.images):
            return (), (1, 1)
        record = project.images.images[image]
        return self.of(image), (record.width, record.height)

    def paint(self, painter: QPainter, place: QRectF, image: int) -> None:
        """Draw the boxes of an image, if they are shown, where the image was drawn."""
        project, boxes = self.defects.document.project, self.of(image, captions=False)
        if boxes and project is not None:
            record = project.images.images[image]
            draw_boxes(painter, boxes, place, (record.width, record.height), thin=True)
