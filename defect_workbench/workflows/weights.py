"""Weights of the network: which are in use, fetch them, or take them from a file."""

from __future__ import annotations

from pathlib import Path

from defect_workbench.core.errors import concerning
from defect_workbench.core.progress import Reporter
from defect_workbench.engine.backbone.pretrained import WeightsLibrary
from defect_workbench.engine.backbone.pretrained.library import WeightsInfo


def weights_in_use(folder: Path) -> WeightsInfo | None:
    """The weights in the folder of cached weights; None if there are none."""
    return WeightsLibrary(folder).info()


def fetch_weights(folder: Path, reporter: Reporter, source: str = "any") -> WeightsInfo:
    """Fetch published weights and use them.

    Raises
    ------
    WorkbenchError
        If no source could be reached.
    """
    return WeightsLibrary(folder).fetch(reporter, source)


def import_weights(folder: Path, file: Path) -> WeightsInfo:
    """Take weights from a file and use them.

    Raises
    ------
    WorkbenchError
        If the file holds none that are sound.
    """
    with concerning(file):
        return WeightsLibrary(folder).import_file(file)
