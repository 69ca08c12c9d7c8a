"""The Pareto tab: a chart, what it shows, and the changes as text."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from defect_workbench.app.jobs.pareto_job import EVERYTHING, ParetoChoice, ParetoReady
from defect_workbench.core.pareto.class_counts import Basis, Measure
from defect_workbench.core.pareto.pareto_chart import ParetoChart
from defect_workbench.core.text import counted, sentence_case
from defect_workbench.gui.pareto.chart_layout import ChartStyle
from defect_workbench.gui.pareto.pareto_view import ParetoView
from defect_workbench.gui.shared.rich_text import bold
from defect_workbench.gui.shared.wrapping_row import WrappingRow

_BASES = {
    Basis.ALL: "All clusters",
    Basis.NAMED: "Named or confirmed",
    Basis.CONFIRMED: "Confirmed only",
}
_NO_COLUMN = (
    "To compare lots, join a table that says which lot or wafer each image is from (File › Join table…), "
    "or keep the images of each lot in a separate folder."
)


class ParetoPage(QWidget):
    """The chart under its choices, and the changes beside it.

    Signals: choice_changed when something else is to be counted; change_chosen(int) with the number of a
    change; images_wanted to go to the images of the chosen part; shown when the tab is.
    """

    choice_changed = Signal()
    change_chosen = Signal(int)
    images_wanted = Signal()
    shown = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.column = QComboBox()
        self.column.setToolTip("What the images are grouped by: a column of the table or of the files")
        self.style_choice = QComboBox()
        for style in ChartStyle:
            self.style_choice.addItem(style.value, style)
        self.measure, self.basis = QComboBox(), QComboBox()
        self.measure.setToolTip("What the height of a bar means")
        for basis, words in _BASES.items():
            self.basis.addItem(words, basis)
        self.basis.setToolTip(
            "Which clusters count as classes. If images have none, the values are estimates for all images"
        )
        self.view = ParetoView()
        head = WrappingRow(
            [
                _named("Counted by", self.column),
                _named("Shown as", self.style_choice),
                _named("Values", self.measure),
                _named("Classes", self.basis),
            ]
        )
        around = QVBoxLayout()
        around.setContentsMargins(10, 6, 10, 6)
        around.addWidget(head)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(self.view)
        split.addWidget(self._aside())
        split.setStretchFactor(0, 1)
        split.setStretchFactor(1, 0)
        split.setChildrenCollapsible(False)
        split.setSizes([700, 250])
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addLayout(around)
        rows.addWidget(split, 1)
        for box in (self.column, self.measure, self.basis):
            box.currentIndexChanged.connect(lambda _: self.choice_changed.emit())
        self.style_choice.currentIndexChanged.connect(
            lambda _: self.view.set_style(ChartStyle(self.style_choice.currentData()))
        )
        self.show_nothing("")

    def _aside(self) -> QWidget:
        aside = QWidget()
        column = QVBoxLayout(aside)
        column.setContentsMargins(12, 10, 12, 10)
        heading = QLabel(bold("Changes"))
        self.changes = QListWidget()
        self.changes.setAccessibleName("Significant changes; choose one to select its images")
        self.changes.setWordWrap(True)
        self.changes.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.changes.setFrameShape(QListWidget.Shape.NoFrame)
        self.changes.setSpacing(3)
        self.changes.viewport().setAutoFillBackground(False)
        self.changes.itemSelectionChanged.connect(self._on_change)
        self.selected = QLabel()
        self.selected.setWordWrap(True)
        self.selected.setTextFormat(Qt.TextFormat.PlainText)
        self.go = QPushButton("Show in gallery")
        self.go.setToolTip("Go to the images of the chosen part of the chart (double click or Enter)")
        self.go.clicked.connect(self.images_wanted)
        self.copy, self.save = QPushButton("Copy chart"), QPushButton("Save chart…")
        self.copy.setToolTip("Copy the chart as it is shown, and its values as a table")
        self.save.setToolTip("Save the chart as SVG, PNG, CSV or PowerPoint")
        column.addWidget(heading)
        column.addWidget(self.changes, 1)
        column.addWidget(self.selected)
        column.addWidget(self.go)
        column.addWidget(WrappingRow([self.copy, self.save]))
        aside.setMinimumWidth(170)
        return aside

    # What is shown

    def choice(self) -> ParetoChoice:
        """Return what the boxes say."""
        measure, basis = self.measure.currentData(), self.basis.currentData()
        return ParetoChoice(self.column.currentText(), Basis(basis), Measure(measure or Measure.COUNT))

    @property
    def trend(self) -> bool:
        """Whether lines are shown."""
        return self.style_choice.currentData() is ChartStyle.TREND

    def set_style(self, style: ChartStyle) -> None:
        """Draw the chart in another way."""
        self.style_choice.setCurrentIndex(self.style_choice.findData(style))

    def show_ready(self, ready: ParetoReady) -> None:
        """Show a chart and what else can be chosen."""
        _fill(self.column, [(name, name) for name in ready.names], ready.choice.by)
        noun = ready.chart.counts.noun
        measures = [(_measure_words(each, noun), each) for each in ready.measures]
        _fill(self.measure, measures, ready.choice.measure)
        with QSignalBlocker(self.basis):
            self.basis.setCurrentIndex(self.basis.findData(ready.choice.basis))
        chart = ready.chart
        self.setEnabled(True)
        empty = self._why_empty(chart)
        for button in (self.copy, self.save):
            button.setEnabled(not empty)
        self.view.show_chart(None if empty else chart, empty)
        self._show_changes(chart)
        if ready.names == (EVERYTHING,):
            self._add_note(_NO_COLUMN)
        for note in chart.notes:
            self._add_note(f"{sentence_case(note)}.")
        if self.view.spot is None:
            self.show_selected("")

    def show_nothing(self, message: str) -> None:
        """Show a message in place of the chart."""
        self.view.show_chart(None, message)
        self.changes.clear()
        self.show_selected("")
        self.setEnabled(False)

    def show_selected(self, words: str) -> None:
        """Show what was chosen in the chart."""
        self.selected.setText(words)
        self.selected.setVisible(bool(words))
        self.go.setVisible(bool(words))

    def showEvent(self, event: QShowEvent) -> None:
        """Ask for what changed while the tab was hidden."""
        super().showEvent(event)
        self.shown.emit()

    def _why_empty(self, chart: ParetoChart) -> str:
        if chart.counts.counts.any():
            return ""
        words = {
            Basis.CONFIRMED: "No cluster is confirmed yet. Confirm clusters, or choose All clusters above.",
            Basis.NAMED: "No cluster has a name or is confirmed yet. Name clusters, or choose All clusters "
            "above.",
        }
        return words.get(chart.counts.basis, f"There are no {chart.counts.noun}s to count.")

    def _show_changes(self, chart: ParetoChart) -> None:
        with QSignalBlocker(self.changes):
            self.changes.clear()
            for change in chart.changes:
                item = QListWidgetItem(("▲ " if change.rose else "▼ ") + change.words)
                item.setToolTip(
                    f"p = {change.uncorrected:.2g} without a correction for the number of comparisons"
                )
                self.changes.addItem(item)
        if not chart.changes and chart.counts.counts.any():
            self._add_note(f"{sentence_case(chart.verdict)}.")
        count = counted(len(chart.changes), "change")
        self.changes.setAccessibleDescription(count)

    def _add_note(self, words: str) -> None:
        """Add a line that cannot be chosen: in the list, it can be scrolled to where there is little room."""
        note = QListWidgetItem(words)
        note.setFlags(Qt.ItemFlag.ItemIsEnabled)
        self.changes.addItem(note)

    def _on_change(self) -> None:
        if self.changes.selectedItems():
            self.change_chosen.emit(self.changes.currentRow())


def _fill(box: QComboBox, entries: Sequence[tuple[str, object]], chosen: object) -> None:
    """Offer entries, unless they are those offered already, and choose one; nothing is signalled."""
    with QSignalBlocker(box):
        if [box.itemText(number) for number in range(box.count())] != [text for text, _ in entries]:
            box.clear()
            for text, data in entries:
                box.addItem(text, data)
        box.setCurrentIndex(box.findData(chosen))


def _measure_words(measure: Measure, noun: str) -> str:
    # The axis of the chart says of what it is a share.
    return "Share" if measure is Measure.SHARE else sentence_case(measure.words(noun))


def _named(words: str, box: QComboBox) -> QWidget:
    """Return a box beside its name."""
    box.setAccessibleName(words)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
    pair = QWidget()
    row = QHBoxLayout(pair)
    row.setContentsMargins(0, 0, 6, 0)
    row.setSpacing(6)
    row.addWidget(QLabel(words))
    row.addWidget(box)
    return pair
