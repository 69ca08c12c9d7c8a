"""All images by how much they are like one or several others."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from defect_workbench.app.document.item_models import ImageModel, Section
from defect_workbench.app.image_loading.thumbnail_loader import ThumbnailLoader
from defect_workbench.app.tooltips import plain_tip
from defect_workbench.core.arrays import Integers
from defect_workbench.core.project.likeness import Likeness, ranked, ways
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.text import counted
from defect_workbench.gui.gallery.gallery_view import Gallery
from defect_workbench.gui.painting.image_painting import with_edge
from defect_workbench.gui.shared.map_overlays import MapOverlays
from defect_workbench.workflows.compare import LikeFile

# Longest side of the picture of a file, in pixels.
_PICTURE = 96
_WAY_LABELS = {
    Likeness.GROUPING: "As they are grouped",
    Likeness.PICTURE: "The whole image",
    Likeness.DEFECT: "The defect",
}


class SimilarImagesDialog(QDialog):
    """Shows images and all others, the most similar first.

    Signals: chosen(images) to select in the window; to_review(images) to view on the light table, those
    that were asked about first.

    Parameters
    ----------
    images : (m,) intp
        The images asked about; empty if they are asked about a file.
    class_of : callable
        Returns the name and the colour of an image's cluster.
    outside : LikeFile, optional
        A file that is not in the project, with the images ranked.
    """

    chosen = Signal(list)
    to_review = Signal(list)

    def __init__(
        self,
        project: Project,
        images: Integers,
        loader: ThumbnailLoader,
        overlays: MapOverlays,
        class_of: Callable[[int], tuple[str, str]],
        parent: QWidget,
        outside: LikeFile | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("similarImages")
        self.resize(980, 640)
        self._project, self._images, self._class_of = project, images, class_of
        self._others: Integers = np.empty(0, np.intp)
        self._outside, self._loader = outside, loader
        if outside is not None:
            self.title = outside.file.name
        elif len(images) == 1:
            self.title = project.images.images[int(images[0])].path
        else:
            self.title = counted(len(images), project.images.noun)
        self.setWindowTitle(f"Images like {self.title}")
        self.model = ImageModel(loader, self)
        self.gallery = Gallery(overlays)
        self.gallery.setModel(self.model)
        self.gallery.setAccessibleName("Similar images, most similar first")
        self.way = QComboBox()
        for way in ways(project.analysis):
            self.way.addItem(_WAY_LABELS[way], way)
        self.way.currentIndexChanged.connect(self._rank)
        label = QLabel("&Compare by")
        label.setBuddy(self.way)
        head = QHBoxLayout()
        self.picture = QLabel()
        self.picture.setVisible(outside is not None)
        if outside is not None:
            self.picture.setAccessibleName(f"The image {self.title}")
            self.picture.setToolTip(plain_tip(str(outside.file)))
            label.setText("Not one of the open images: compared by the whole image")
            self.way.hide()
            loader.ready.connect(self._show_picture)
            self._show_picture(str(outside.file))
        head.addWidget(self.picture)
        head.addWidget(label)
        head.addWidget(self.way)
        head.addStretch(1)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.table_button = self.buttons.addButton("Light table", QDialogButtonBox.ButtonRole.ActionRole)
        self.table_button.setToolTip(
            "View the selected images, or all of them, at full size and classify them with keys"
        )
        self.select_button = self.buttons.addButton("Select", QDialogButtonBox.ButtonRole.AcceptRole)
        self.select_button.setToolTip("Select these images in the window")
        self.select_button.setEnabled(False)
        self.table_button.clicked.connect(self._review)
        self.buttons.accepted.connect(self._select)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addLayout(head)
        layout.addWidget(self.gallery, 1)
        layout.addWidget(self.buttons)
        self.gallery.selectionModel().selectionChanged.connect(self._on_selection)
        self.gallery.activated.connect(self._review)
        self._rank()
        self.gallery.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_picture(self, path: str) -> None:
        """Show the file that is asked about, once it has been read."""
        if self._outside is None or path != str(self._outside.file):
            return
        pixmap = self._loader.get(path)
        if pixmap is not None:
            self.picture.setPixmap(with_edge(pixmap, _PICTURE))

    def _rank(self) -> None:
        if self._outside is not None:
            self._others, distances = self._outside.others, self._outside.distances
        else:
            way = Likeness(self.way.currentData())
            self._others, distances = ranked(self._project.analysis, self._images, way)
        asked, others = len(self._images), len(self._others)
        sections = [Section(self.title, "", None, 0, asked, None)] if asked else []
        if others:
            detail = f"most similar first  ·  distance {distances[0]:.2f} to {distances[-1]:.2f}"
            sections.append(
                Section(counted(others, self._project.images.noun), detail, None, asked, others, -1)
            )
        paths = [image.path for image in self._project.images.images]
        order = np.concatenate([self._images, self._others])
        shown = self._project.images
        self.model.set_rows(
            shown.root, paths, order, tuple(sections), locations=shown.locations, class_of=self._class_of
        )
        self._on_selection()

    def _selected(self) -> list[int]:
        rows = sorted(index.row() for index in self.gallery.selectionModel().selectedIndexes())
        return [int(self.model.order[row]) for row in rows]

    def _on_selection(self) -> None:
        count = len(self._selected())
        self.select_button.setEnabled(count > 0)
        self.select_button.setText(
            f"Select {counted(count, self._project.images.noun)}" if count else "Select"
        )

    def _select(self) -> None:
        chosen = self._selected()
        self.accept()
        self.chosen.emit(chosen)

    def _review(self) -> None:
        chosen = self._selected()
        shown = chosen if len(chosen) > 1 else [*self._images.tolist(), *self._others.tolist()]
        self.accept()
        self.to_review.emit(shown)
