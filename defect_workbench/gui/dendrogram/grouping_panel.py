"""How the images are grouped: by what, with which method, and the weights of the feature blocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction, QPalette
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QGridLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from defect_workbench.app.document.workbench_document import Document
from defect_workbench.core.clustering.clustering_result import Settings
from defect_workbench.core.clustering.feature_blocks import BlockWeights
from defect_workbench.core.clustering.group_by import GroupBy
from defect_workbench.core.clustering.map_comparison import source_words
from defect_workbench.core.images.defect_items import Items
from defect_workbench.core.text import sentence_case, without_figures
from defect_workbench.core.wafer.picture_choice import reference_words
from defect_workbench.engine.features.block import Input
from defect_workbench.engine.features.registry import BLOCKS
from defect_workbench.gui.shared.form_area import FormArea
from defect_workbench.gui.shared.labels import ElidedButton
from defect_workbench.gui.shared.parameter_fields import MethodForm

_STEPS = 20
_MOST = 2.0
_QUIET_MILLISECONDS = 250
_GROUP_BY = {
    GroupBy.AUTO: "Automatic",
    GroupBy.PICTURE: "Whole image",
    GroupBy.DEFECT: "Defect",
    GroupBy.BOTH: "Both",
}


class GroupingPanel(QWidget):
    """The settings of the grouping. Signals: changed(Settings) a moment after the last change."""

    changed = Signal(object)

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("grouping")
        self._document = document
        self._showing = False
        self._from_data = True
        self.form = MethodForm()
        self.items = QComboBox()
        self.items.setObjectName("itemsSwitch")
        self.items.setAccessibleName("What is grouped")
        self.items.setToolTip("Group whole images, or find the defects in them and group each of these")
        self.items.addItem("Whole images", str(Items.PICTURES))
        self.items.addItem("Single defects", str(Items.DEFECTS))
        self.group_by = QComboBox()
        self.group_by.setObjectName("groupBySwitch")
        self.group_by.setAccessibleName("Group by")
        self.group_by.setToolTip("What images of one cluster must have in common")
        for choice, words in _GROUP_BY.items():
            self.group_by.addItem(words, str(choice))
        self.group_by.currentIndexChanged.connect(self._on_group_by)
        # Its text may be longer than the panel is wide; its tooltip has it.
        self.source = ElidedButton()
        self.source.setObjectName("mapSource")
        self.split = QPushButton()
        self.sliders = {name: QSlider(Qt.Orientation.Horizontal) for name in BLOCKS.names}
        self._values = {name: QLabel() for name in BLOCKS.names}
        self._titles = {block.name: QLabel(block.label, wordWrap=True) for block in BLOCKS}
        self.from_data = QPushButton("Set from the data")
        self.why = QLabel()
        self.why.setWordWrap(True)
        self.why.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        note = QLabel("Weights and method regroup only what has no decision; decisions are kept.")
        note.setWordWrap(True)
        note.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        grid = QGridLayout()
        grid.setVerticalSpacing(6)
        for row, block in enumerate(BLOCKS):
            slider = self.sliders[block.name]
            slider.setRange(0, round(_MOST * _STEPS))
            slider.setAccessibleName(f"Weight of {block.label}")
            slider.valueChanged.connect(self._on_slider)
            grid.addWidget(self._titles[block.name], 2 * row, 0)
            grid.addWidget(self._values[block.name], 2 * row, 1, Qt.AlignmentFlag.AlignRight)
            grid.addWidget(slider, 2 * row + 1, 0, 1, 2)
        grid.setColumnStretch(0, 1)
        rows = QWidget()
        # With large text the rows are higher than most windows.
        scroll = FormArea()
        scroll.setWidget(rows)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(scroll)
        layout = QVBoxLayout(rows)
        layout.setContentsMargins(8, 12, 8, 12)
        layout.setSpacing(12)
        switch = QFormLayout()
        switch.setHorizontalSpacing(6)
        switch.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        switch.addRow("Items", self.items)
        switch.addRow("Group by", self.group_by)
        switch.addRow("Compare with", self.source)
        switch.addRow(self.split)
        layout.addLayout(switch)
        layout.addWidget(self.form)
        layout.addLayout(grid)
        layout.addWidget(self.from_data)
        layout.addWidget(self.why)
        layout.addWidget(note)
        layout.addStretch(1)
        self._quiet = QTimer(self)
        self._quiet.setSingleShot(True)
        self._quiet.setInterval(_QUIET_MILLISECONDS)
        self._quiet.timeout.connect(lambda: self.changed.emit(self.settings()))
        self.form.method_changed.connect(self._on_change)
        self.form.parameter_changed.connect(self._on_change)
        self.from_data.clicked.connect(self._on_from_data)
        document.opened.connect(self.show_document)
        document.grouping_changed.connect(self.show_document)
        self.show_document()

    def set_menus(self, sources: QMenu, actions: Mapping[str, QAction]) -> None:
        """Offer what the images can be compared with, single defects, and splitting images that have maps."""
        self.source.setMenu(sources)
        single, split = actions["actionSingleDefects"], actions["actionSplitStrange"]
        self.items.activated.connect(lambda _: self._switch_items(single))
        single.enabledChanged.connect(self.items.setEnabled)
        self.split.setText(split.iconText() + "…")
        self.split.setToolTip(split.toolTip())
        self.split.clicked.connect(split.trigger)
        split.enabledChanged.connect(self.split.setEnabled)

    def settings(self) -> Settings:
        """Return the settings that the controls show."""
        project = self._document.project
        before = project.analysis.settings if project is not None else Settings()
        weights = None
        if not self._from_data:
            shares = {name: slider.value() / _STEPS for name, slider in self.sliders.items()}
            weights = BlockWeights(shares, "set by hand")
        return replace(
            before,
            method=self.form.method_name(),
            parameters=self.form.values(),
            weights=weights,
            group_by=GroupBy(self.group_by.currentData()),
        )

    def show_document(self) -> None:
        """Show the settings of the open project."""
        self._quiet.stop()
        project = self._document.project
        self.setEnabled(project is not None)
        self.split.setVisible(project is not None and project.maps is not None)
        if project is None:
            return
        self._showing = True
        analysis = project.analysis
        settings = analysis.settings
        self._from_data = settings.weights is None
        self.form.show_settings(settings.method, settings.parameters)
        self.group_by.setCurrentIndex(self.group_by.findData(str(settings.group_by)))
        automatic = _GROUP_BY[GroupBy.AUTO]
        if settings.group_by is GroupBy.AUTO and settings.weights is None:
            automatic = f"{automatic}: {_GROUP_BY[analysis.group_by.chosen].lower()}"
        self.group_by.setItemText(self.group_by.findData(str(GroupBy.AUTO)), automatic)
        self.items.setCurrentIndex(self.items.findData(str(settings.items)))
        words = sentence_case(source_words(settings, len(project.images), project.maps))
        self.source.setText(words)
        self.source.setAccessibleName(f"Compare with: {words}")
        folder = reference_words(settings.reference) or settings.clean
        self.source.setToolTip(
            f"{words}: {folder}" if folder else f"{words}. Defects are found by comparing with it"
        )
        for name, slider in self.sliders.items():
            value = analysis.weights.share(name)
            slider.setValue(round(value * _STEPS))
            slider.setEnabled(name in analysis.blocks)
            self._values[name].setText(f"{value:.2f}")
            # Single defects have other blocks than images with defect maps.
            other = Input.DEFECT_MAP if project.images.are_defects else Input.FOUND_DEFECT
            for widget in (slider, self._values[name], self._titles[name]):
                widget.setVisible(BLOCKS[name].input is not other)
        by_picture = analysis.group_by.chosen is GroupBy.PICTURE
        reasons = [analysis.weights.why, analysis.group_by.why if by_picture else ""]
        reasons.append(analysis.tree.levels if analysis.tree is not None else "")
        words = ". ".join(sentence_case(why) for why in dict.fromkeys(reasons) if why)
        self.why.setText(without_figures(words))
        self.why.setToolTip(words)
        self.from_data.setEnabled(not self._from_data)
        by_hand = "Choose the weights from the images, and show the reason"
        self.from_data.setToolTip("The weights are set from the data" if self._from_data else by_hand)
        self._showing = False

    def _switch_items(self, action: QAction) -> None:
        project = self._document.project
        if project is None or self.items.currentData() == str(project.analysis.settings.items):
            return
        # It shows what is grouped now: the others must be found first, and the user may not want to.
        self.items.setCurrentIndex(self.items.findData(str(project.analysis.settings.items)))
        action.trigger()

    def _on_group_by(self) -> None:
        if not self._showing:
            # Weights that were set by hand would decide instead.
            self._from_data = True
            self._on_change()

    def _on_slider(self) -> None:
        for name, slider in self.sliders.items():
            self._values[name].setText(f"{slider.value() / _STEPS:.2f}")
        if not self._showing:
            self._from_data = False
            self._on_change()

    def _on_from_data(self) -> None:
        self._from_data = True
        self._on_change()

    def _on_change(self) -> None:
        if not self._showing:
            self._quiet.start()
