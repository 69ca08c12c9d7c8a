"""One image at large, with what is known about it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFormLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from defect_workbench.app.document import Document
from defect_workbench.app.thumbnails import ThumbnailLoader
from defect_workbench.core.assignment import Cluster
from defect_workbench.core.tree import Integers
from defect_workbench.gui.picture import PictureView

_FACTS = ("File", "Size", "Cluster", "Outlier score", "Nearest", "Note")
_NAMES = ("File", "Note")
# Zero-width spaces after these let long file names wrap.
_BREAKS = re.compile(r"([/_.\-])")


class Inspector(QWidget):
    """Shows the image that was chosen last."""

    def __init__(self, document: Document, loader: ThumbnailLoader, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("inspector")
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self._document, self._loader = document, loader
        self._image: int | None = None
        self._path = ""
        self._picture = PictureView()
        self._values = {name: QLabel() for name in _FACTS}
        form = QFormLayout()
        form.setContentsMargins(12, 8, 12, 12)
        form.setHorizontalSpacing(14)
        form.setVerticalSpacing(6)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        for name, label in self._values.items():
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
            heading = QLabel(name)
            heading.setAlignment(Qt.AlignmentFlag.AlignTop)
            heading.setForegroundRole(QPalette.ColorRole.PlaceholderText)
            form.addRow(heading, label)
        self._form = form
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._picture, 1)
        layout.addLayout(form)
        document.partition_changed.connect(self._refresh)
        document.opened.connect(lambda: self.show_image(None))
        loader.ready.connect(self._on_ready)
        self.show_image(None)

    def show_image(self, image: int | None) -> None:
        """Show an image of the project; None shows a hint."""
        self._image = image
        self._refresh()

    @property
    def image(self) -> int | None:
        """The image shown."""
        return self._image

    def _refresh(self) -> None:
        project = self._document.project
        partition = self._document.partition
        if project is None or partition is None or self._image is None or self._image >= len(project.images):
            self._path = ""
            self._picture.show_pixmap(None, "Choose an image to see it here")
            for row, label in enumerate(self._values.values()):
                label.setText("")
                self._form.setRowVisible(row, False)
            return
        record = project.images.images[self._image]
        self._path = str(project.images.absolute(self._image))
        self._show_picture()
        number = int(partition.cluster_of[self._image])
        score = float(project.analysis.outlier_scores[self._image])
        values = {
            "File": record.path,
            "Size": f"{record.width:,} × {record.height:,} px",
            "Cluster": partition.clusters[number].label if number >= 0 else "none: resembles nothing else",
            "Outlier score": f"{score:.2f} (flagged above 1)",
            "Nearest": _nearest(partition.nearest(_one(self._image), 3), partition.clusters),
            "Note": record.note,
        }
        for row, (name, text) in enumerate(values.items()):
            self._values[name].setText(_BREAKS.sub("\\1\u200b", text) if name in _NAMES else text)
            self._form.setRowVisible(row, bool(text))

    def _show_picture(self) -> None:
        pixmap = self._loader.get(self._path)
        failed = self._loader.failed(self._path)
        words = f"{Path(self._path).name} cannot be read" if failed else "Loading…"
        self._picture.show_pixmap(pixmap, words)

    def _on_ready(self, path: str) -> None:
        if path == self._path:
            self._show_picture()


def _one(image: int) -> Integers:
    return np.array([image], np.intp)


def _nearest(found: tuple[Integers, NDArray[np.float64]], clusters: tuple[Cluster, ...]) -> str:
    numbers, distances = found
    pairs = zip(numbers[0].tolist(), distances[0].tolist(), strict=True)
    return "\n".join(f"{clusters[number].label}  {distance:.3f}" for number, distance in pairs)
