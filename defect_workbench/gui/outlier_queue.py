"""The images that resemble nothing else, most unusual first."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from defect_workbench.app.document import Document
from defect_workbench.app.models import ImageModel, Role, Section
from defect_workbench.app.thumbnails import ThumbnailLoader
from defect_workbench.gui.gallery import Gallery


class OutlierQueue(QWidget):
    """The outliers of the partition shown; `image_chosen` tells which one is looked at."""

    image_chosen = Signal(int)
    count_changed = Signal(int)

    def __init__(self, document: Document, loader: ThumbnailLoader, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("outlierQueue")
        self._document = document
        self.model = ImageModel(loader, self)
        self.view = Gallery()
        self.view.setAccessibleName("Outliers")
        self.view.setModel(self.model)
        self.view.set_side(84)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.view)
        self.view.selectionModel().currentChanged.connect(self._on_current)
        document.partition_changed.connect(self._refresh)

    def _refresh(self) -> None:
        project, partition = self._document.project, self._document.partition
        if project is None or partition is None:
            self.view.set_message("Outliers are listed here when all images are compared")
            self.model.set_rows(Path(), (), np.empty(0, np.intp), ())
            return
        self.view.set_message("No outliers: every image resembles some others")
        order = partition.outliers
        detail = "most unusual first"
        sections = (Section(_title(len(order)), detail, None, 0, len(order), None),) if len(order) else ()
        if np.array_equal(order, self.model.images()) and self.model.sections == sections:
            return
        paths = [image.path for image in project.images.images]
        self.model.set_rows(project.images.root, paths, order, sections, project.analysis.outlier_scores)
        self.count_changed.emit(len(order))

    def _on_current(self) -> None:
        image = self.view.currentIndex().data(Role.IMAGE)
        if image is not None:
            self.image_chosen.emit(int(image))


def _title(count: int) -> str:
    return "1 outlier" if count == 1 else f"{count:,} outliers"
