"""A picture, and what training would see of it besides."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette, QPixmap
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QLabel, QVBoxLayout, QWidget

from defect_workbench.app.image_loading.thumbnail_loader import to_image
from defect_workbench.app.jobs.classifier_jobs import AugmentedExamples

_SIDE = 150


class AugmentDialog(QDialog):
    """The picture as it is first, then its changed copies."""

    def __init__(self, varied: AugmentedExamples, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("augmentDialog")
        self.setWindowTitle(f"Augmented copies of {varied.name}")
        words = QLabel(
            "Turned and mirrored, rotated, shifted and scaled a little, brighter or darker, with noise and "
            "defocus as microscopes have them. Only what is learnt from is changed."
        )
        words.setWordWrap(True)
        words.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        grid = QGridLayout()
        grid.setSpacing(8)
        columns = math.ceil(math.sqrt(len(varied.pictures) * 1.5))
        for number, pixels in enumerate(varied.pictures):
            picture = QLabel()
            pixmap = QPixmap.fromImage(to_image(pixels))
            ratio = self.devicePixelRatioF()
            side = round(_SIDE * ratio)
            scaled = pixmap.scaled(
                side, side, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
            )
            scaled.setDevicePixelRatio(ratio)
            picture.setPixmap(scaled)
            picture.setToolTip("as it is" if number == 0 else f"changed copy {number}")
            row, column = divmod(number, columns)
            grid.addWidget(picture, 2 * row, column)
            label = QLabel("as it is" if number == 0 else "")
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
