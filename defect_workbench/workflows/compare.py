"""Compare the clusters of a project with those of another session, or with labelled folders."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from defect_workbench.core.progress import Reporter
from defect_workbench.core.project.project_state import Project
from defect_workbench.storage.result.manifest import labelled
from defect_workbench.workflows.open_project import open_session

if TYPE_CHECKING:
    from defect_workbench.engine.clustering.agreement import Comparison


def compare(project: Project, other: Path, reporter: Reporter) -> Comparison:
    """Return how far two groupings of the same images agree.

    Parameters
    ----------
    other : Path
        A session, or a folder with one subfolder per label.

    Raises
    ------
    InputError
        If the two have no image in common, or the folder has no class folders with images.
    WorkbenchError
        If the session cannot be opened.
    """
    from defect_workbench.engine.clustering.agreement import compare as agreement
    from defect_workbench.engine.clustering.agreement import read_class_folders

    other_labels = read_class_folders(other, reporter) if other.is_dir() else labelled(open_session(other))
    return agreement(labelled(project), other_labels)
