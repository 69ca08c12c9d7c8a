"""Counts in the background whenever decisions change, and leads from the chart to the images."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.jobs.pareto_job import (
    ChartWritten,
    ColumnsOf,
    ParetoChoice,
    ParetoReady,
    count_classes,
    write_chart,
)
from defect_workbench.app.jobs.runner import JobRunner
from defect_workbench.app.messages import Messages
from defect_workbench.core.text import sentence_case
from defect_workbench.gui.dialogs import file_dialogs
from defect_workbench.gui.pareto.chart_layout import ChartStyle, Spot
from defect_workbench.gui.pareto.pareto_page import ParetoPage
from defect_workbench.gui.shared.copying import copy_widget

# Decisions often follow each other; while the cut is dragged, many a second.
_MILLISECONDS = 120
_FAILED = "Pareto chart"


class ParetoController(QObject):
    """Keeps the Pareto tab in step with the document while it is shown.

    Signals: images_chosen(images), gallery_wanted(images); changed when there is a chart or none;
    status(text) for the status bar.
    """

    images_chosen = Signal(list)
    gallery_wanted = Signal(list)
    changed = Signal()
    status = Signal(str)

    def __init__(self, document: Document, page: ParetoPage, messages: Messages, parent: QObject) -> None:
        super().__init__(parent)
        self._document, self.page, self._messages = document, page, messages
        self._columns: ColumnsOf | None = None
        self._ready: ParetoReady | None = None
        self._stale = True
        self._counter, self._writer = JobRunner(self), JobRunner(self)
        self._counter.done.connect(self._on_counted)
        self._counter.failed.connect(lambda message: page.show_nothing(sentence_case(message)))
        self._writer.done.connect(self._on_written)
        self._writer.failed.connect(lambda message: messages.inform(_FAILED, sentence_case(message)))
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_MILLISECONDS)
        self._timer.timeout.connect(self._count)
        document.opened.connect(self._on_opened)
        for changed in (document.partition_changed, document.side_changed, document.grouping_changed):
            changed.connect(self._on_changed)
        page.choice_changed.connect(self._count)
        page.shown.connect(self._on_shown)
        page.change_chosen.connect(self._on_change)
        page.images_wanted.connect(self._go)
        page.copy.clicked.connect(self.copy)
        page.save.clicked.connect(self.choose_file)
        page.view.chosen.connect(self._choose)
        page.view.opened.connect(lambda spot: self.gallery_wanted.emit(self._images(spot)))

    @property
    def has_chart(self) -> bool:
        """Whether there is a chart to copy or save."""
        return self.page.view.chart is not None

    @property
    def up_to_date(self) -> bool:
        """Whether the chart shows the document as it is."""
        return not (self._stale or self._timer.isActive() or self._counter.busy)

    def close(self) -> None:
        """Stop counting and writing, and wait for the threads."""
        self._timer.stop()
        self._counter.close()
        self._writer.close()

    # Counting

    def _on_opened(self) -> None:
        self._columns = self._ready = None
        self.page.show_nothing("" if self._document.project is None else "Counting…")
        self.changed.emit()
        self._on_changed()

    def _on_changed(self) -> None:
        self._stale = True
        if self.page.isVisible():
            self._timer.start()

    def _on_shown(self) -> None:
        if self._stale:
            self._count()

    def _count(self) -> None:
        project = self._document.project
        if project is None:
            return
        self._timer.stop()
        self._stale = False
        choice = self.page.choice() if self._ready is not None else ParetoChoice()
        self._counter.run(count_classes(project, choice, self._columns))

    def _on_counted(self, ready: ParetoReady) -> None:
        project = self._document.project
        if project is None or ready.project.images is not project.images:
            return
        if self._ready is None:
            # Of a single group, a stacked bar would show no more than its legend.
            self.page.set_style(
                ChartStyle.STACKED if len(ready.chart.counts.groups) > 1 else ChartStyle.CLASSES
            )
        self._ready, self._columns = ready, ready.columns
        self.page.show_ready(ready)
        self.changed.emit()

    # From the chart to the images

    def _images(self, spot: Spot) -> list[int]:
        if self._ready is None:
            return []
        counted = self._ready.counted
        found = [counted.images(spot.group, each).tolist() for each in spot.classes]
        return sorted(image for images in found for image in images)

    def _choose(self, spot: Spot) -> None:
        if self._ready is None:
            return
        self.page.show_selected(self.page.view.words_of(spot))
        self.images_chosen.emit(self._images(spot))

    def _on_change(self, number: int) -> None:
        if self._ready is None or number >= len(self._ready.chart.changes):
            return
        change = self._ready.chart.changes[number]
        layout = self.page.view.chart_layout()
        spots = () if layout is None else layout.spots
        known = (spot for spot in spots if spot.group == change.group and change.class_ in spot.classes)
        spot = next(known, None) or Spot(self.page.view.rect().toRectF(), change.group, (change.class_,))
        self.page.view.choose(spot)
        self._choose(Spot(spot.place, change.group, (change.class_,)))

    def _go(self) -> None:
        spot = self.page.view.spot
        if spot is not None:
            self.gallery_wanted.emit(self._images(spot))

    # Copying and saving

    def copy(self) -> None:
        """Copy the chart as it is shown, at twice the resolution, and its values as text."""
        if self.has_chart:
            copy_widget(self.page.view, self.page.view.table_text())
            self.status.emit("Pareto chart copied")

    def choose_file(self) -> None:
        """Ask where to save the chart."""
        ready, trend = self._ready, self.page.trend
        if ready is None or not self.has_chart:
            return

        def write(path: Path) -> None:
            self._writer.run(write_chart(ready, path, trend=trend))

        file_dialogs.ask_pareto_to_write(self.page, f"pareto by {_safe(ready.choice.by)}.svg", write)

    def _on_written(self, result: ChartWritten) -> None:
        self.status.emit(f"Saved to {result.path}")


def _safe(name: str) -> str:
    """Return the name of a column as a part of a file name."""
    return "".join(letter if letter.isalnum() or letter in " -_" else "-" for letter in name)[:40]
