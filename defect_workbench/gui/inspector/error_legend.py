"""What the colours of a detector's errors mean, with the numbers in the images that are shown."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from defect_workbench.core.detector.detection_error import ERROR_COLOURS, ERROR_NAMES
from defect_workbench.gui.shared.box_overlays import BoxOverlays
from defect_workbench.gui.shared.rich_text import coloured, link, listed, unbroken

_HIDE = "hide"


class ErrorLegend(QLabel):
    """The kinds of errors as a line of text; hidden unless errors are shown in one of the images."""

    def __init__(self, boxes: BoxOverlays) -> None:
        super().__init__()
        self.setObjectName("errorLegend")
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setWordWrap(True)
        self._boxes = boxes
        self._images: tuple[int, ...] = ()
        self.linkActivated.connect(boxes.toggle_errors)
        boxes.changed.connect(self._refresh)
        self._refresh()

    def show_images(self, images: Sequence[int | None]) -> None:
        """Count the errors in these images."""
        self._images = tuple(image for image in images if image is not None)
        self._refresh()

    def _refresh(self) -> None:
        counts = self._boxes.error_counts(self._images)
        self.setVisible(counts is not None)
        if counts is None:
            return
        words = [
            coloured("■", ERROR_COLOURS[kind]) + unbroken(f" {number:,} {ERROR_NAMES[kind]}")
            for kind, number in counts.items()
        ]
        self.setText(listed(["Errors:", *words, link(_HIDE, "Hide")]))
