"""Shows what a watcher does: what arrived, how much of each label, and the alarms."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from defect_workbench.app.image_loading.thumbnail_loader import ThumbnailLoader
from defect_workbench.app.tooltips import plain_tip
from defect_workbench.core.monitoring.level_alarm import percent
from defect_workbench.core.project.decisions import OUTLIERS
from defect_workbench.core.text import counted, sentence_case
from defect_workbench.gui.shared.banners import Banner
from defect_workbench.gui.shared.labels import ElidedLabel, heading_label, secondary_label
from defect_workbench.gui.watching.recent_strip import RecentStrip
from defect_workbench.workflows.fab.watch_events import BatchDone, WatchBegan, WatchEvent, WatchNotice

_MOST_LINES = 200
_MARGIN = 16


class WatchDialog(QDialog):
    """Shows a watcher; closing it does not stop the watcher.

    Signals: stop_wanted, again_wanted, and result_wanted to open the result as a project.
    """

    stop_wanted = Signal()
    again_wanted = Signal()
    folder_wanted = Signal()
    result_wanted = Signal()

    def __init__(self, thumbnails: ThumbnailLoader, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("watchDialog")
        self.setWindowTitle("Watched folder")
        self.out = Path()
        self.state = heading_label()
        self.state.setObjectName("watchState")
        self.places = ElidedLabel(Qt.TextElideMode.ElideMiddle)
        self.problem = Banner("watchProblem", ())
        self.totals = QLabel()
        self.totals.setObjectName("watchTotals")
        self.table = _counts_table()
        self.recent = RecentStrip(thumbnails)
        self.alarms, self.log = _lines("watchAlarms", "Alarms"), _lines("watchLog", "New images")
        self.no_alarm = secondary_label("No level has risen above its usual value.")
        self.stop_button, self.again_button = QPushButton("Stop"), QPushButton("Continue")
        self.folder_button = QPushButton("Show result folder")
        self.result_button, self.close_button = QPushButton("Open result as project"), QPushButton("Close")
        self.close_button.setToolTip("Close this view; the folder is still being watched")
        for button, signal in (
            (self.stop_button, self.stop_wanted),
            (self.again_button, self.again_wanted),
            (self.folder_button, self.folder_wanted),
            (self.result_button, self.result_wanted),
        ):
            button.setAutoDefault(False)
            button.clicked.connect(signal)
        self.close_button.setAutoDefault(False)
        self.close_button.clicked.connect(self.reject)
        self._lay_out()

    def _lay_out(self) -> None:
        left, right = QVBoxLayout(), QVBoxLayout()
        for column in (left, right):
            column.setSpacing(6)
        left.addWidget(heading_label("Labels"))
        left.addWidget(self.table, 1)
        right.addWidget(heading_label("Alarms"))
        right.addWidget(self.no_alarm)
        right.addWidget(self.alarms, 1)
        right.addWidget(heading_label("New images"))
        right.addWidget(self.log, 1)
        middle = QHBoxLayout()
        middle.setSpacing(_MARGIN)
        middle.addLayout(left, 2)
        middle.addLayout(right, 3)
        buttons = QHBoxLayout()
        for button in (self.stop_button, self.again_button):
            buttons.addWidget(button)
        buttons.addStretch(1)
        for button in (self.folder_button, self.result_button, self.close_button):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        layout.setSpacing(10)
        for widget in (self.state, self.places, self.problem, self.totals):
            layout.addWidget(widget)
        layout.addLayout(middle, 1)
        layout.addWidget(heading_label("Last images"))
        layout.addWidget(self.recent)
        layout.addLayout(buttons)
        characters = self.fontMetrics().averageCharWidth()
        self.resize(110 * characters, 40 * self.fontMetrics().height())

    def begin(self, folder: Path, out: Path) -> None:
        """Show that a watcher is starting."""
        if out != self.out:
            self.recent.clear()
            self.alarms.clear()
            self.log.clear()
            self.table.setRowCount(0)
            self.totals.clear()
        self.out = out
        self.state.setText(f"Starting to watch {folder.name or folder}…")
        self.places.setText(f"{folder}  →  {out}")
        self.problem.hide()
        self._set_running(True)
        self._show_alarms()
        self._offer_result(images=0)

    def show_event(self, event: WatchEvent) -> None:
        """Show what happened."""
        if isinstance(event, WatchBegan):
            self.state.setText(f"Watching {event.folder.name or event.folder} every {event.interval:g} s")
            self._show_counts(event.counts, event.rejected)
        elif isinstance(event, BatchDone):
            self._show_counts(event.counts, event.total_rejected)
            self._add(self.log, f"{event.time:%d %b %H:%M:%S}  {event.words}")
            for alarm in event.alarms:
                self._add(self.alarms, f"{event.time:%d %b %H:%M:%S}  {sentence_case(alarm.words)}.")
            self._show_alarms()
            self.recent.add([(str(self.out / place), _name(label)) for label, place in event.images])
        else:
            self._add(self.log, f"{event.time:%d %b %H:%M:%S}  {sentence_case(event.words)}.")
        if isinstance(event, WatchNotice):
            self._show_problem(f"{sentence_case(event.words)}." if event.problem else "")

    def show_stopped(self, failure: str = "") -> None:
        """Show that the watcher ended, and why if not by the user."""
        self.state.setText("Stopped")
        self._show_problem(sentence_case(failure))
        self._set_running(False)

    def _set_running(self, running: bool) -> None:
        self.stop_button.setVisible(running)
        self.stop_button.setEnabled(True)
        self.again_button.setVisible(not running)

    def show_stopping(self) -> None:
        """Show that the watcher is about to end."""
        self.state.setText("Stopping…")
        self.stop_button.setEnabled(False)

    def _show_problem(self, text: str) -> None:
        self.problem.text.setText(text)
        self.problem.setVisible(bool(text))

    def _show_counts(self, counts: Mapping[str, int], rejected: int) -> None:
        images = sum(counts.values())
        self._offer_result(images)
        words = f"{counted(images, 'image')}, {counts.get(OUTLIERS, 0):,} of them unknown"
        self.totals.setText(words + (f"; {counted(rejected, 'file')} rejected" if rejected else ""))
        self.table.setRowCount(len(counts))
        for row, (label, count) in enumerate(counts.items()):
            cells = (_name(label), f"{count:,}", percent(count / images) if images else "")
            for column, text in enumerate(cells):
                item = QTableWidgetItem(text)
                if column:
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.table.setItem(row, column, item)

    def _offer_result(self, images: int) -> None:
        """Enable what needs a result on the disk."""
        self.folder_button.setEnabled(bool(images))
        self.result_button.setEnabled(bool(images))

    def _show_alarms(self) -> None:
        self.no_alarm.setVisible(not self.alarms.count())
        self.alarms.setVisible(bool(self.alarms.count()))

    def _add(self, target: QListWidget, text: str) -> None:
        item = QListWidgetItem(text)
        item.setToolTip(plain_tip(text))
        target.insertItem(0, item)
        while target.count() > _MOST_LINES:
            target.takeItem(target.count() - 1)


def _name(folder: str) -> str:
    return "Unknown" if folder == OUTLIERS else folder


def _lines(name: str, accessible_name: str) -> QListWidget:
    lines = QListWidget()
    lines.setObjectName(name)
    lines.setAccessibleName(accessible_name)
    lines.setWordWrap(True)
    lines.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
    lines.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    return lines


def _counts_table() -> QTableWidget:
    table = QTableWidget(0, 3)
    table.setObjectName("watchCounts")
    table.setAccessibleName("Images of each label")
    table.setHorizontalHeaderLabels(["Label", "Images", "Share"])
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
    table.setShowGrid(False)
    table.setTabKeyNavigation(False)
    table.verticalHeader().hide()
    header = table.horizontalHeader()
    header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    header.setHighlightSections(False)
    for column, side in enumerate((Qt.AlignmentFlag.AlignLeft, *(Qt.AlignmentFlag.AlignRight,) * 2)):
        cell = table.horizontalHeaderItem(column)
        if cell is not None:
            cell.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
        if column:
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
    return table
