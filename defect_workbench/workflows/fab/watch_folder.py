"""Watch the folder into which a tool writes: classify what arrives, and say when levels rise."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Never

from defect_workbench.core.errors import InputError, Remedy, WorkbenchError, concerning
from defect_workbench.core.progress import Reporter
from defect_workbench.core.safe_reading import file_digest, why_not_written
from defect_workbench.storage.result.export_options import Mode
from defect_workbench.storage.watching.new_images import Monitor
from defect_workbench.storage.watching.watch_state import WatchState, check_can_continue
from defect_workbench.storage.watching.watched_result import WatchedResult
from defect_workbench.workflows.classify import ClassifyRequest, applied_model, open_model
from defect_workbench.workflows.extract import FeatureOptions
from defect_workbench.workflows.fab.arrivals import ArrivalClassifier
from defect_workbench.workflows.fab.quiet_reporter import QuietReporter
from defect_workbench.workflows.fab.watch_clock import SystemClock
from defect_workbench.workflows.fab.watch_events import Tell
from defect_workbench.workflows.fab.watcher import Watcher
from defect_workbench.workflows.klarf.image_listing import ImageSource

LEAST_INTERVAL, DEFAULT_INTERVAL = 0.1, 5.0


@dataclass(frozen=True)
class WatchRequest:
    """What to watch.

    Attributes
    ----------
    model : Path
        File of the classifier.
    false_alarms : float or None
        Share of known images that may be called unknown; None for that of the classifier.
    interval : float
        Seconds between two scans of the folder. A file is read once it has not changed for two.
    """

    folder: Path
    model: Path
    out: Path
    interval: float = DEFAULT_INTERVAL
    mode: Mode = Mode.COPY
    false_alarms: float | None = None


def watch_folder(request: WatchRequest, options: FeatureOptions, reporter: Reporter, tell: Tell) -> Never:
    """Watch a folder until the user cancels.

    Parameters
    ----------
    options : FeatureOptions
        Preprocessing and description are those of the classifier; the feature store is not used.
    tell : callable
        Receives what happens.

    Raises
    ------
    Cancelled
        When the user cancels; everything that was taken is complete on the disk.
    InputError
        If the folder does not exist, or the result folder is something else.
    WorkbenchError
        If the classifier does not fit, or another program changed the result.
    """
    from defect_workbench.engine.monitoring.level_monitor import LevelMonitor

    check_interval(request.interval)
    with concerning(request.model):
        source, alarms = ImageSource(request.folder), request.false_alarms
        model = applied_model(ClassifyRequest(open_model(request.model), source, false_alarms=alarms))
    folder, out = Path(os.path.abspath(request.folder)), Path(os.path.abspath(request.out))
    state = WatchState(str(folder), request.model.name, file_digest(request.model), request.false_alarms)
    # A folder that was watched before may be away for now.
    if not check_can_continue(out, state) and not folder.is_dir():
        raise InputError(f"{folder} is not a folder" if folder.exists() else f"there is no folder {folder}")
    files, quiet = ArrivalClassifier(model, options), QuietReporter(reporter)
    reporter.stage("Loading the classifier", None)
    files.probe(quiet)
    result = opened(out, state, model.labels, request.mode, LevelMonitor(model))
    try:
        Watcher(folder, result, files, request.interval, quiet, tell, SystemClock()).run()
    finally:
        result.close()


def opened(
    out: Path, state: WatchState, labels: Sequence[str], mode: Mode, monitor: Monitor
) -> WatchedResult:
    """Open a result or create it; errors of the system are explained.

    Raises
    ------
    WorkbenchError
        If it cannot be written.
    """
    try:
        return WatchedResult(out, state, labels, mode, monitor)
    except OSError as error:
        raise WorkbenchError(
            f"{out} cannot be written: {why_not_written(error)}", Remedy.OTHER_FOLDER
        ) from error


def check_interval(interval: float) -> None:
    """Check the seconds between two looks.

    Raises
    ------
    InputError
        If they are too few, or not a number.
    """
    if not LEAST_INTERVAL <= interval <= 86_400:
        raise InputError(f"the interval must be from {LEAST_INTERVAL} s to a day, not {interval:g} s")
