"""Training images that are not in the open project, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QKeyEvent, QPixmap
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from defect_workbench.app.image_loading.full_image_loader import OriginalLoader
from defect_workbench.engine.input.full_image import Tone
from defect_workbench.gui.inspector.image_view import ImageView
from defect_workbench.gui.shared.labels import ElidedLabel, heading_label


class HeldOutDialog(QDialog):
    """Shows images at full size; arrow keys and buttons show others.

    Parameters
    ----------
    images : sequence of (str, str)
        Path and caption of each image.
    first : int
        The image to begin with.
    """

    def __init__(
        self, images: Sequence[tuple[str, str]], first: int, originals: OriginalLoader, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setObjectName("heldOutDialog")
        self.setWindowTitle("Training images")
        self.resize(760, 680)
        self._images, self._place, self._originals = tuple(images), first, originals
        self.heading, self.path = heading_label(), ElidedLabel()
        self.view = ImageView()
        self.back, self.on = QPushButton("Previous"), QPushButton("Next")
        close = QPushButton("Close")
        for button in (self.back, self.on, close):
            button.setAutoDefault(False)
        self.back.clicked.connect(lambda: self.go(-1))
        self.on.clicked.connect(lambda: self.go(1))
        close.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.addWidget(self.back)
        buttons.addWidget(self.on)
        buttons.addStretch(1)
        buttons.addWidget(close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 14, 18, 14)
        layout.addWidget(self.heading)
        layout.addWidget(self.path)
        layout.addWidget(self.view, 1)
        layout.addLayout(buttons)
        originals.ready.connect(self._on_ready)
        self.go(0)

    def go(self, by: int) -> None:
        """Go on by a number of images, not past the ends."""
        self._place = min(max(self._place + by, 0), len(self._images) - 1)
        file, words = self._images[self._place]
        self.heading.setText(f"{words}  ·  {self._place + 1:,} of {len(self._images):,}")
        self.path.setText(file)
        self.back.setEnabled(self._place > 0)
        self.on.setEnabled(self._place < len(self._images) - 1)
        self.view.show_pixmap(None, "Loading…")
        self._originals.request(file, Tone())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Show the previous or next image on an arrow key."""
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
        if event.key() in steps:
            self.go(steps[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)

    def _on_ready(self, file: str, image: QImage) -> None:
        if file == self._images[self._place][0]:
            words = f"{Path(file).name} cannot be read: it was moved, deleted or changed"
            self.view.show_pixmap(None if image.isNull() else QPixmap.fromImage(image), words)
