"""The Wafer tab: wafers, how they are shown, histograms, and what the places of the clusters show."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QSignalBlocker, Qt
from PySide6.QtGui import QColor, QHideEvent, QShowEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.wafer.placement_watch import PlacementWatch
from defect_workbench.core.arrays import Integers
from defect_workbench.core.text import sentence_case
from defect_workbench.core.wafer.project_places import diameter_mm, wafer_labels
from defect_workbench.engine.wafer.profiles import angular_profile, radial_profile
from defect_workbench.gui.map.map_page import named
from defect_workbench.gui.shared.wrapping_row import WrappingRow
from defect_workbench.gui.wafer.findings_panel import FindingsPanel
from defect_workbench.gui.wafer.profile_view import ProfileView
from defect_workbench.gui.wafer.wafer_frames import Arrangement
from defect_workbench.gui.wafer.wafer_view import WaferView

_PANEL_CHARACTERS = 34


class WaferPage(QWidget):
    """Wafers under the choices of how to show them, with histograms below and findings beside them."""

    def __init__(self, document: Document) -> None:
        super().__init__()
        self.setObjectName("waferPage")
        self._document = document
        self._chosen: Integers = np.empty(0, np.intp)
        self.watch = PlacementWatch(document, self)
        self.view = WaferView(document)
        self.profiles = ProfileView()
        self.panel = FindingsPanel(document, self.watch)
        self.arrangement = QComboBox()
        for each in Arrangement:
            self.arrangement.addItem(each.value, each)
        self.arrangement.setToolTip("Show one wafer, or all on top of each other or side by side")
        self.wafer = QComboBox()
        self.wafer.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.wafer.setToolTip("The wafer that is shown")
        self.colour = QComboBox()
        self.colour.setToolTip("What the colours of the defects mean; the map has the same colours")
        self.density = _box("Density", "Show how many defects there are per area")
        self.histograms = _box("Histograms", "Show the density over the radius and around the wafer")
        self.repeaters = _box("Repeaters", "Mark defects at the same position of several dies")
        for box in (self.histograms, self.repeaters):
            box.setChecked(True)
        self._repeater_choice = self._level(self.repeaters)
        self._arrangement_choice = named("Show", self.arrangement)
        self._wafer_choice = named("Wafer", self.wafer)
        self.head = WrappingRow(
            [
                self._arrangement_choice,
                self._wafer_choice,
                named("Coloured by", self.colour),
                *(self._level(box) for box in (self.density, self.histograms)),
                self._repeater_choice,
            ]
        )
        self._lay_out()
        self._connect()
        self._show_places()

    def _level(self, box: QCheckBox) -> QWidget:
        """Return a box in the middle of a line that is as high as the choices."""
        line = QWidget()
        rest = max(0, self.arrangement.sizeHint().height() - box.sizeHint().height())
        row = QHBoxLayout(line)
        row.setContentsMargins(0, rest // 2, 6, rest - rest // 2)
        row.addWidget(box)
        return line

    def _lay_out(self) -> None:
        middle = QSplitter(Qt.Orientation.Vertical)
        middle.addWidget(self.view)
        middle.addWidget(self.profiles)
        middle.setStretchFactor(0, 1)
        # With large text, the wafers stay the larger part.
        self.view.setMinimumHeight(7 * self.fontMetrics().height())
        middle.setChildrenCollapsible(False)
        across = QSplitter(Qt.Orientation.Horizontal)
        across.addWidget(middle)
        across.addWidget(self.panel)
        across.setStretchFactor(0, 1)
        across.setChildrenCollapsible(False)
        wide = _PANEL_CHARACTERS * self.fontMetrics().averageCharWidth()
        across.setSizes([3 * wide, wide])
        self.panel.setMinimumWidth(round(0.6 * wide))
        around = QVBoxLayout()
        around.setContentsMargins(10, 6, 10, 6)
        around.addWidget(self.head)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addLayout(around)
        rows.addWidget(across, 1)

    def _connect(self) -> None:
        self.arrangement.currentIndexChanged.connect(self._arrange)
        self.wafer.currentIndexChanged.connect(self._arrange)
        self.density.toggled.connect(self.view.show_density)
        self.repeaters.toggled.connect(self.view.show_repeaters)
        self.histograms.toggled.connect(self._show_profiles)
        self.watch.places_changed.connect(self._show_places)
        self.watch.changed.connect(lambda: self.view.set_repeaters(self.watch.repeaters))
        self.watch.changed.connect(self._offer_repeaters)

    def set_chosen(self, images: Integers) -> None:
        """Mark images as selected."""
        self._chosen = images
        self.view.set_chosen(images)
        self._show_profiles()

    def close_jobs(self) -> None:
        """Stop the jobs of the page, and wait for their thread."""
        self.watch.close()

    def showEvent(self, event: QShowEvent) -> None:
        """Compute findings from now on."""
        super().showEvent(event)
        self.watch.watch(True)
        self._show_profiles()

    def hideEvent(self, event: QHideEvent) -> None:
        """Compute no findings until the page is shown again."""
        self.watch.watch(False)
        super().hideEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Draw the findings in the colours of another theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self.watch.places is not None:
            self.panel.refresh()

    def _show_places(self) -> None:
        places = self.watch.places
        with QSignalBlocker(self.wafer):
            self.wafer.clear()
            if places is not None:
                used = sorted(set(places.wafer_of[places.known].tolist()))
                labels = wafer_labels(places.wafers)
                for number in used:
                    self.wafer.addItem(sentence_case(labels[number]), number)
        known = places is not None
        for widget in (self.head, self.panel):
            widget.setVisible(known)
        several = self.wafer.count() > 1
        self._arrangement_choice.setVisible(several)
        if not several:
            with QSignalBlocker(self.arrangement):
                self.arrangement.setCurrentIndex(0)
        self.view.set_places(places)
        self._arrange()
        self._offer_repeaters()

    def _offer_repeaters(self) -> None:
        self._repeater_choice.setVisible(bool(self.watch.repeaters))

    def _arrange(self) -> None:
        arrangement = self.arrangement.currentData()
        self._wafer_choice.setVisible(arrangement is Arrangement.ONE)
        number = self.wafer.currentData()
        self.view.arrange(arrangement, 0 if number is None else int(number))
        self._show_profiles()

    def _show_profiles(self) -> None:
        places, shown = self.watch.places, self.view.shown
        self.profiles.setVisible(places is not None and self.histograms.isChecked())
        if places is None or not self.profiles.isVisible() or len(shown) != len(places):
            return
        chosen = np.zeros(len(shown), bool)
        chosen[self._chosen[self._chosen < len(shown)]] = True
        x, y, chosen = places.x_um[shown], places.y_um[shown], chosen[shown]
        diameter = diameter_mm(places)
        wafers = len(set(places.wafer_of[shown].tolist()))
        self.profiles.show_profiles(
            radial_profile(x, y, chosen, diameter, wafers),
            angular_profile(x, y, chosen, diameter, wafers),
            int(chosen.sum()),
            self._colour_of_chosen(),
        )

    def _colour_of_chosen(self) -> QColor | None:
        """Return the colour of the cluster that all selected images belong to; None if there is not one."""
        partition = self._document.partition
        if partition is None or not len(self._chosen) or self._chosen.max() >= len(partition.cluster_of):
            return None
        numbers = np.unique(partition.cluster_of[self._chosen])
        if len(numbers) > 1 or numbers[0] < 0:
            return None
        return QColor(self._document.colour(partition.clusters[int(numbers[0])]))


def _box(text: str, tip: str) -> QCheckBox:
    box = QCheckBox(text)
    box.setToolTip(tip)
    return box
