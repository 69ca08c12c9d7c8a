"""Show, download or import the weights of the network."""

from __future__ import annotations

from pathlib import Path

from defect_workbench.core.errors import concerning
from defect_workbench.core.progress import Reporter
from defect_workbench.engine.backbone.pretrained import WeightsLibrary
from defect_workbench.engine.backbone.pretrained.library import WeightsInfo
from defect_workbench.resources import resource


def carried_weights() -> Path:
    """Return the folder of the weights that a packaged program carries; elsewhere it does not exist."""
    return resource("weights")


def open_weights(folder: Path) -> WeightsLibrary:
    """Return the library of a folder of cached weights, and of those that the program carries."""
    return WeightsLibrary(folder, carried_weights())


def fetch_weights(folder: Path, reporter: Reporter, source: str = "any") -> WeightsInfo:
    """Download published weights and use them.

    Raises
    ------
    WorkbenchError
        If no source can be reached.
    """
    return WeightsLibrary(folder).fetch(reporter, source)


def import_weights(folder: Path, file: Path) -> WeightsInfo:
    """Import weights from a file and use them.

    Raises
    ------
    WorkbenchError
        If the file contains no valid weights.
    """
    with concerning(file):
        return WeightsLibrary(folder).import_file(file)
