"""Examples of the augmented images that training uses."""

from __future__ import annotations

import math

from PySide6.QtGui import QPalette, QPixmap
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QLabel, QVBoxLayout, QWidget

from defect_workbench.app.image_loading.thumbnail_loader import to_image
from defect_workbench.app.jobs.classifier_jobs import AugmentedExamples
from defect_workbench.gui.painting.image_painting import with_edge

_SIDE = 150


class AugmentDialog(QDialog):
    """The original image, followed by augmented images of it."""

    def __init__(self, examples: AugmentedExamples, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("augmentDialog")
        self.setWindowTitle(f"Augmented images of {examples.name}")
        words = QLabel(
            "Turned and mirrored; slightly rotated, shifted and scaled; brighter or darker; with noise and "
            "defocus like those of a microscope. Only training images are augmented."
        )
        words.setWordWrap(True)
        words.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        grid = QGridLayout()
        grid.setSpacing(8)
        columns = math.ceil(math.sqrt(len(examples.images) * 1.5))
        for number, pixels in enumerate(examples.images):
            label_of_image = QLabel()
            pixmap = QPixmap.fromImage(to_image(pixels))
            ratio = self.devicePixelRatioF()
            scaled = with_edge(pixmap, round(_SIDE * ratio))
            scaled.setDevicePixelRatio(ratio)
            label_of_image.setPixmap(scaled)
            label_of_image.setToolTip("original" if number == 0 else f"augmented image {number}")
            row, column = divmod(number, columns)
            grid.addWidget(label_of_image, 2 * row, column)
            label = QLabel("original" if number == 0 else "")
            label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
            grid.addWidget(label, 2 * row + 1, column)
        close = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        close.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 18, 18, 14)
        layout.setSpacing(12)
        layout.addWidget(words)
        layout.addLayout(grid)
        layout.addWidget(close)
