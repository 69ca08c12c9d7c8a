"""Splitting the lot into clean and strange images, with both sides shown while the threshold is moved."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from defect_workbench.app.document.item_models import ImageModel, Section
from defect_workbench.app.document.strange_split import (
    split_at,
    strangeness_to_split,
    suggested_count,
    threshold_for,
)
from defect_workbench.app.image_loading.thumbnail_loader import ThumbnailLoader
from defect_workbench.core.arrays import Integers
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.text import counted
from defect_workbench.gui.gallery.gallery_view import Gallery
from defect_workbench.gui.shared.labels import secondary_label
from defect_workbench.gui.shared.map_overlays import MapOverlays

_DECIMALS = 3


class SplitStrangeDialog(QDialog):
    """Shows what a threshold of strangeness makes of a project with defect maps.

    Signals: applied(threshold) when the user agrees.
    """

    applied = Signal(float)

    def __init__(
        self, project: Project, loader: ThumbnailLoader, overlays: MapOverlays, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setObjectName("splitStrangeDialog")
        self.setWindowTitle("Split clean from strange")
        self.resize(960, 600)
        self._project = project
        self._values = strangeness_to_split(project)
        self.model = ImageModel(loader, self)
        self.gallery = Gallery(overlays)
        self.gallery.setModel(self.model)
        self.gallery.setAccessibleName("Images by strangeness")
        self.gallery.set_message("Every image already has a decision")
        self.threshold = QDoubleSpinBox()
        self.threshold.setObjectName("strangenessThreshold")
        self.threshold.setDecimals(_DECIMALS)
        self.threshold.setSingleStep(0.05)
        self.threshold.setToolTip("Images of this strangeness and above are strange")
        self.count = QSlider(Qt.Orientation.Horizontal)
        self.count.setObjectName("strangeCount")
        self.count.setAccessibleName("Number of strange images")
        self.count.setToolTip("How many of the strangest images are split off")
        self.summary_text = secondary_label()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.ok_button = self.buttons.addButton("Split", QDialogButtonBox.ButtonRole.AcceptRole)
        self.ok_button.setDefault(True)
        self._make_layout()
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.reject)
        self._start()

    def _make_layout(self) -> None:
        label = QLabel("&Threshold")
        label.setBuddy(self.threshold)
        head = QHBoxLayout()
        head.addWidget(label)
        head.addWidget(self.threshold)
        head.addSpacing(12)
        head.addWidget(QLabel("Fewer strange"))
        head.addWidget(self.count, 1)
        head.addWidget(QLabel("More strange"))
        foot = QHBoxLayout()
        foot.addWidget(self.summary_text, 1)
        foot.addWidget(self.buttons)
        layout = QVBoxLayout(self)
        layout.addLayout(head)
        layout.addWidget(self.gallery, 1)
        layout.addLayout(foot)

    def _start(self) -> None:
        values = self._values
        # Beyond the strangest image, so that none can be strange.
        highest = float(values[0]) + 1 if len(values) else 0.0
        self.threshold.setRange(0.0, highest)
        self.count.setRange(0, len(values))
        self.threshold.valueChanged.connect(self._show_split)
        self.count.valueChanged.connect(self._show_count)
        for control in (self.threshold, self.count):
            control.setEnabled(len(values) > 1)
        self.count.setValue(suggested_count(values))
        self._show_split()

    def _show_count(self, count: int) -> None:
        """Set the threshold midway between the last strange image and the first clean one."""
        if count == 0:
            self.threshold.setValue(self.threshold.maximum())
        elif count == len(self._values):
            self.threshold.setValue(self.threshold.minimum())
        else:
            self.threshold.setValue(threshold_for(self._values, count))

    def _show_split(self) -> None:
        split, project = split_at(self._project, self.threshold.value()), self._project
        sides = (("strange", split.strange), ("clean", split.clean))
        sections, start = [], 0
        for title, images in sides:
            if len(images):
                sections.append(Section(title, self._detail(images), None, start, len(images), None))
            start += len(images)
        paths = [image.path for image in project.images.images]
        order = np.concatenate([images for _, images in sides])
        self.model.set_rows(
            project.images.root, paths, order, tuple(sections), locations=project.images.locations
        )
        blocked = self.count.blockSignals(True)
        self.count.setValue(len(split.strange))
        self.count.blockSignals(blocked)
        words = f"{len(split.strange):,} strange, {len(split.clean):,} clean"
        if split.kept:
            words += f"; {counted(split.kept, project.images.noun)} stay as decided"
        self.summary_text.setText(words)
        self.ok_button.setEnabled(split.possible)

    def _detail(self, images: Integers) -> str:
        assert self._project.maps is not None
        values = self._project.maps.strangeness[images]
        total = counted(len(images), self._project.images.noun)
        return f"{total}  ·  strangeness {values.min():.2f} to {values.max():.2f}"

    def _accept(self) -> None:
        self.accept()
        self.applied.emit(self.threshold.value())
