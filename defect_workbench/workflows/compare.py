"""Compare how a project groups its images with another session, or with folders sorted by hand."""

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
    """How far two ways of grouping the same images agree.

    Parameters
    ----------
    other : Path
        A session, or a folder of labelled folders.

    Raises
    ------
    InputError
        If the two have no image in common, or the folder has no class folders with images.
    WorkbenchError
        If the session cannot be opened.
    """
    from defect_workbench.engine.clustering.agreement import compare as agreement
    from defect_workbench.engine.clustering.agreement import read_class_folders

    there = read_class_folders(other, reporter) if other.is_dir() else labelled(open_session(other))
    return agreement(labelled(project), there)
