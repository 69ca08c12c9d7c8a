"""The places of the open project's defects, and what they show about its clusters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.jobs.placement_job import Placed, find_placement
from defect_workbench.app.jobs.runner import JobRunner
from defect_workbench.core.wafer.placement import PlacementFinding, Repeater
from defect_workbench.core.wafer.project_places import PlaceSource, place_source
from defect_workbench.core.wafer.wafer_places import WaferPlaces

# After the last change, so that nothing is computed while the cut is dragged.
_WAIT_MILLISECONDS = 400


class PlacementWatch(QObject):
    """Keeps places and findings up to date; computes only while they are shown.

    Signals: places_changed when there are other places, or none; changed when there are other findings.
    """

    places_changed = Signal()
    changed = Signal()

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._parts: tuple[object, object] = None, None
        self._source: PlaceSource | None = None
        self._placed: Placed | None = None
        self._watched = False
        # Only made when it is needed. Its own, as a job of the window would push it aside.
        self._runner: JobRunner | None = None
        self.failure = ""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_WAIT_MILLISECONDS)
        self._timer.timeout.connect(self._start)
        for changed in (document.opened, document.side_changed, document.partition_changed):
            changed.connect(self._refresh)

    @property
    def source(self) -> PlaceSource | None:
        """The places, and where they are from; None without places."""
        return self._source

    @property
    def places(self) -> WaferPlaces | None:
        """The places; None without places."""
        return None if self._source is None else self._source.places

    @property
    def busy(self) -> bool:
        """Whether findings are being computed, or will be."""
        return self._timer.isActive() or (self._runner is not None and self._runner.busy)

    @property
    def findings(self) -> tuple[PlacementFinding, ...]:
        """What was found about the clusters as they are now; empty while that is computed."""
        partition = self._document.partition
        if self._placed is None or partition is None or not self._is_current():
            return ()
        # A new name changes nothing about the places.
        return tuple(
            replace(finding, label=cluster.label)
            for finding, cluster in zip(self._placed.findings, partition.clusters, strict=True)
        )

    @property
    def repeaters(self) -> tuple[Repeater, ...]:
        """The repeaters of the project's defects, as far as they were searched."""
        return () if self._placed is None else self._placed.repeaters

    def watch(self, watched: bool) -> None:
        """Set whether the findings are shown."""
        self._watched = watched
        if watched:
            self._schedule()

    def close(self) -> None:
        """Stop, and wait for the thread to end."""
        self._timer.stop()
        if self._runner is not None:
            self._runner.close()

    def _refresh(self) -> None:
        project = self._document.project
        parts = (None, None) if project is None else (project.inspection, project.side)
        if parts[0] is not self._parts[0] or parts[1] is not self._parts[1]:
            self._parts, self._placed = parts, None
            self._source = None if project is None else place_source(project)
            self.places_changed.emit()
        if self._source is not None:
            self.changed.emit()
            if self._watched:
                self._schedule()

    def _is_current(self) -> bool:
        partition, placed = self._document.partition, self._placed
        if placed is None or partition is None or placed.places is not self.places:
            return False
        return len(placed.findings) == len(partition.clusters) and np.array_equal(
            placed.cluster_of, partition.cluster_of
        )

    def _schedule(self) -> None:
        if self._source is not None and not self._is_current():
            self._timer.start()
            self.changed.emit()

    def _start(self) -> None:
        places, partition = self.places, self._document.partition
        if places is None or partition is None or len(places) != len(partition.cluster_of):
            return
        if self._runner is None:
            self._runner = JobRunner(self)
            self._runner.done.connect(self._on_done)
            self._runner.failed.connect(self._on_failed)
        known = self._placed.repeaters if self._placed and self._placed.places is places else None
        labels = [cluster.label for cluster in partition.clusters]
        self.failure = ""
        self._runner.run(find_placement(places, partition.cluster_of.astype(np.intp), labels, known))

    def _on_done(self, placed: Placed) -> None:
        self._placed = placed
        self.changed.emit()

    def _on_failed(self, sentence: str) -> None:
        self.failure = sentence
        self.changed.emit()
