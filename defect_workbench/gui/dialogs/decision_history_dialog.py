"""Who decided what and when, as a list to look through while working."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from defect_workbench.app.tooltips import plain_tip
from defect_workbench.core.project.decision_history import DecisionRecord, images_in, local_time
from defect_workbench.core.text import counted, sentence_case
from defect_workbench.gui.shared.labels import secondary_label

Index = QModelIndex | QPersistentModelIndex
_NO_INDEX = QModelIndex()
_HEADINGS = ("When", "Who", "What", "Class", "Images")
_WHAT, _IMAGES = 2, 4
_NO_CLASS = "none or several"


class HistoryModel(QAbstractTableModel):
    """Decisions, one per row."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.records: tuple[DecisionRecord, ...] = ()
        # What one of the images is called.
        self.noun = "image"

    def set_records(self, records: Sequence[DecisionRecord]) -> None:
        """Show other decisions."""
        self.beginResetModel()
        self.records = tuple(records)
        self.endResetModel()

    def rowCount(self, parent: Index = _NO_INDEX) -> int:
        """Return the number of decisions."""
        return 0 if parent.isValid() else len(self.records)

    def columnCount(self, parent: Index = _NO_INDEX) -> int:
        """Return the number of columns."""
        return 0 if parent.isValid() else len(_HEADINGS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        """Return a heading."""
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return _HEADINGS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(section)
        return None

    def data(self, index: Index, role: int = 0) -> Any:
        """Return the text of a cell."""
        record, column = self.records[index.row()], index.column()
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            text = (
                local_time(record.time),
                record.person,
                sentence_case(record.text),
                record.label or _NO_CLASS,
                f"{len(record.images):,}",
            )[column]
            return plain_tip(text) if role == Qt.ItemDataRole.ToolTipRole else text
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{sentence_case(record.sentence)}, {counted(len(record.images), self.noun)}"
        return None


class DecisionHistoryDialog(QDialog):
    """Lists the decisions, the latest first. It stays open while the user works.

    Signals: images_chosen(images) when a decision is selected; name_wanted to change the user's name.
    """

    images_chosen = Signal(list)
    name_wanted = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("decisionHistory")
        self.setWindowTitle("Decision history")
        metrics = self.fontMetrics()
        self.resize(metrics.horizontalAdvance("0") * 100, metrics.height() * 28)
        self._history: tuple[DecisionRecord, ...] | None = None
        self.person = _filter_box("Show the decisions of one person")
        self.label = _filter_box("Show the decisions about one class")
        head = QHBoxLayout()
        for text, box in (("&Person", self.person), ("C&lass", self.label)):
            caption = QLabel(text)
            caption.setBuddy(box)
            head.addWidget(caption)
            head.addWidget(box)
            head.addSpacing(8)
            box.currentIndexChanged.connect(self._filter)
        head.addStretch(1)
        self.model = HistoryModel(self)
        self.list = self._make_list()
        self.words = secondary_label()
        self.empty = secondary_label(
            "No decision has been recorded yet.\nConfirming, renaming, moving and merging are recorded here."
        )
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.name = QLabel()
        self.name.setTextFormat(Qt.TextFormat.PlainText)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.name_button = buttons.addButton("Change &name…", QDialogButtonBox.ButtonRole.ActionRole)
        self.name_button.setToolTip("Record decisions from now on with another name")
        self.name_button.setAutoDefault(False)
        self.name_button.clicked.connect(self.name_wanted)
        buttons.rejected.connect(self.reject)
        foot = QHBoxLayout()
        foot.addWidget(self.name, 1)
        foot.addWidget(buttons)
        layout = QVBoxLayout(self)
        layout.addLayout(head)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.empty, 1)
        layout.addWidget(self.words)
        layout.addLayout(foot)

    def _make_list(self) -> QTableView:
        view = QTableView()
        view.setAccessibleName("Decisions, latest first")
        view.setModel(self.model)
        view.setFrameShape(QFrame.Shape.NoFrame)
        view.setShowGrid(False)
        view.setTabKeyNavigation(False)
        view.setWordWrap(False)
        view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        view.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        view.viewport().setBackgroundRole(QPalette.ColorRole.Base)
        view.verticalHeader().hide()
        view.verticalHeader().setDefaultSectionSize(view.fontMetrics().height() + 12)
        header = view.horizontalHeader()
        header.setHighlightSections(False)
        digit = view.fontMetrics().horizontalAdvance("0")
        for column, digits in enumerate((19, 14, 0, 18, 9)):
            if digits:
                header.resizeSection(column, digits * digit)
            else:
                header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        view.selectionModel().currentRowChanged.connect(self._on_row)
        # Also if it is the current one already: other images may have been selected since.
        view.clicked.connect(self._on_row)
        return view

    def show_history(self, history: tuple[DecisionRecord, ...], noun: str = "image") -> None:
        """Show another history; the filter stays, if it still matches anything."""
        if history is self._history:
            return
        self._history, self.model.noun = history, noun
        _refill(self.person, "Everybody", {record.person for record in history})
        _refill(self.label, "All classes", {record.label or _NO_CLASS for record in history})
        self._filter()

    def show_person(self, name: str) -> None:
        """Show the name that decisions are recorded with."""
        self.name.setText(f"Your decisions are recorded as {name}")

    def show_result(self, text: str) -> None:
        """Report the result of the last click."""
        self.words.setText(text)

    def _filter(self) -> None:
        person, label = self.person.currentData(), self.label.currentData()
        shown = [
            record
            for record in reversed(self._history or ())
            if person in (None, record.person) and label in (None, record.label or _NO_CLASS)
        ]
        self.model.set_records(shown)
        self.list.setVisible(bool(self._history))
        self.empty.setVisible(not self._history)
        self.words.setVisible(bool(self._history))
        self.words.setText(
            f"{counted(len(shown), 'decision')} about {counted(images_in(shown), self.model.noun)}. "
            f"Click a decision to select its {self.model.noun}s."
        )

    def _on_row(self, index: QModelIndex) -> None:
        if index.isValid():
            self.images_chosen.emit(self.model.records[index.row()].images.tolist())


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column == _IMAGES else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


def _filter_box(tip: str) -> QComboBox:
    box = QComboBox()
    box.setToolTip(tip)
    box.setAccessibleName(tip)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(16)
    return box


def _refill(box: QComboBox, everything: str, values: set[str]) -> None:
    """List the values, and everything first; what was chosen stays chosen if it is still there."""
    chosen = box.currentData()
    box.blockSignals(True)
    box.clear()
    box.addItem(everything, None)
    for value in sorted(values, key=str.casefold):
        box.addItem(value, value)
    box.setCurrentIndex(max(0, box.findData(chosen)) if chosen is not None else 0)
    box.blockSignals(False)
