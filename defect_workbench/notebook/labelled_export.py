"""Labelled folders from a notebook."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.errors import InputError
from defect_workbench.core.parameters import Choice
from defect_workbench.notebook.class_proposals import Proposals
from defect_workbench.notebook.given_images import PathLike
from defect_workbench.notebook.image_clustering import Clustering
from defect_workbench.notebook.label_arrays import labelled_project
from defect_workbench.notebook.notebook_jobs import check_kind, job
from defect_workbench.storage.result.export_options import Mode
from defect_workbench.workflows.export import ExportRequest, check_out
from defect_workbench.workflows.export import export as write_result

_MODES = Choice("mode", "mode", "", Mode.COPY.value, tuple((each.value, "") for each in Mode))


def export(
    clustering: Clustering | Proposals,
    out: PathLike,
    labels: NDArray[np.integer] | None = None,
    *,
    names: Mapping[int, str] | None = None,
    mode: str = "copy",
    progress: bool | None = None,
) -> Path:
    """Write labelled folders, manifest, session and report, as `defect-workbench cluster --out` does.

    The session opens in the window.

    Parameters
    ----------
    clustering : Clustering or Proposals
    out : path
        A new or empty folder.
    labels : (n,) int, optional
        Labels from `cut`; default: the best suggested cut, or that of the session. Labels of your own are
        allowed, too, with -1 for outliers; they are kept in the session as decisions. Not for `Proposals`,
        which have labels.
    names : mapping of int to str, optional
        Names of clusters by label; the others are `cluster-01`, `cluster-02` … by falling size.
    mode : {"copy", "hardlink", "symlink"}
        Whether the folders get copies of the images or links to them.
    progress : bool, optional
        As for `extract`.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    InputError
        If the folder is not empty, or an argument is not possible.
    WorkbenchError
        If a file cannot be read or written; then nothing is written.

    Examples
    --------
    >>> export(clustering, "groups", labels, names={0: "scratch"})
    PosixPath('groups')
    """
    with job(progress) as reporter:
        check_kind(clustering, Clustering | Proposals, "cluster or classify")
        if not isinstance(out, str | os.PathLike):
            raise InputError(f"the second argument is the folder to write, and this is {type(out).__name__}")
        folder = Path(out).expanduser()
        request = ExportRequest(folder, Mode(_MODES.checked(mode)))
        check_out(folder)
        if isinstance(clustering, Proposals):
            if labels is not None or names is not None:
                raise InputError("proposals have labels and names; leave labels and names out")
            facts, columns = {"Classifier": clustering._model}, clustering._columns
            write_result(clustering.clustering._project, request, reporter, facts=facts, columns=columns)
        else:
            project, _ = labelled_project(clustering._project, labels, clustering._cuts, names)
            write_result(project, request, reporter)
        return folder
