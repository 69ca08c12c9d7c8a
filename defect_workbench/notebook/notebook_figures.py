"""Figures of a clustering, drawn by matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Integers
from defect_workbench.core.errors import InputError, Remedy, WorkbenchError
from defect_workbench.core.project.palette import (
    NEUTRAL,
    branch_colours,
    colour,
    colour_numbers,
    node_colours,
)
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.text import counted, printable
from defect_workbench.engine.clustering.registry import METHODS
from defect_workbench.engine.input.thumbnail import thumbnail
from defect_workbench.notebook.image_clustering import Clustering
from defect_workbench.notebook.label_arrays import OUTLIER, labelled_project
from defect_workbench.notebook.notebook_jobs import check_kind, job

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from PIL import Image

_PER_ROW = 10
_IN_ONE = 40
# Inches per pixel of a sheet.
_SCALE = 0.0095
_GAP = 6


def plot_dendrogram(
    clustering: Clustering, labels: NDArray[np.integer] | None = None, *, ax: Axes | None = None
) -> Axes:
    """Draw the dendrogram with a cut; branches below it have the colours of their clusters.

    Of more than 1,500 merges, the highest are drawn.

    Parameters
    ----------
    clustering : Clustering
    labels : (n,) int, optional
        Labels from `cut`; default: the best suggested cut, or that of the session.
    ax : matplotlib.axes.Axes, optional
        Default: those of a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If the method built no tree, or these are not labels of the images.

    Examples
    --------
    >>> ax = plot_dendrogram(clustering, cut(clustering, clusters=7))
    >>> ax.figure.savefig("dendrogram.png")
    """
    from defect_workbench.storage.report.figures import draw_dendrogram

    with job():
        check_kind(clustering, Clustering, "cluster")
        project, _ = labelled_project(clustering._project, labels, clustering._cuts)
        tree = project.analysis.tree
        if tree is None:
            label = METHODS[project.analysis.settings.method].label.lower()
            raise InputError(f"{label} builds no tree of all images to draw")
        axes = _new_axes(11, 3.6) if ax is None else ax
        title = counted(len(project.images), "image")
        branches = branch_colours(tree, project.clusters, project.partition, node_colours(tree))
        draw_dendrogram(axes, tree, project.clusters, title, branches)
        axes.spines[["top", "right"]].set_visible(False)
        return axes


def plot_contact_sheet(
    clustering: Clustering,
    labels: NDArray[np.integer] | None = None,
    cluster: int | None = None,
    *,
    images: int | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the typical images of each cluster, one row per cluster, or the images of one cluster.

    Images are in the order from the medoid outwards, outliers by falling score.

    Parameters
    ----------
    clustering : Clustering
    labels : (n,) int, optional
        As for `export`.
    cluster : int, optional
        The label of the cluster to show, -1 for the outliers; default: a row for each.
    images : int, optional
        The number of images shown of a cluster; default: 10 in a row, 40 of a single cluster.
    ax : matplotlib.axes.Axes, optional
        Default: those of a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    InputError
        If no image has this label, or these are not labels of the images.
    WorkbenchError
        If the images do not exist any more.

    Examples
    --------
    >>> plot_contact_sheet(clustering, labels)
    >>> plot_contact_sheet(clustering, labels, cluster=0)
    """
    with job():
        check_kind(clustering, Clustering, "cluster")
        project, clusters = labelled_project(clustering._project, labels, clustering._cuts)
        if images is not None and images < 1:
            raise InputError(f"the number of images must be 1 or more, not {images}")
        tree, partition = project.analysis.tree, project.partition
        numbers = colour_numbers(partition, None if tree is None else node_colours(tree))
        rows = {label: (c.label, colour(numbers[c.key]), c.members) for label, c in sorted(clusters.items())}
        if len(partition.outliers):
            rows[OUTLIER] = ("outliers", NEUTRAL, partition.outliers)
        if cluster is not None and cluster not in rows:
            raise InputError(f"no image has the label {cluster}; there are {', '.join(map(str, rows))}")
        if not project.images.root.is_dir():
            raise WorkbenchError(f"the folder {project.images.root} does not exist", Remedy.FIND_IMAGES)
        if cluster is not None:
            name, ink, members = rows[cluster]
            return _draw_one(project, name, ink, members, images or _IN_ONE, ax)
        return _draw_rows(project, list(rows.values()), images or _PER_ROW, ax)


def _draw_one(project: Project, name: str, ink: str, members: Integers, images: int, ax: Axes | None) -> Axes:
    sheet = _sheet(project, members[:images], _PER_ROW)
    axes = _new_axes(sheet.width * _SCALE, 0.4 + sheet.height * _SCALE) if ax is None else ax
    axes.imshow(np.asarray(sheet))
    shown = f", {images:,} shown" if images < len(members) else ""
    title = f"{printable(name)}: {counted(len(members), 'image')}{shown}"
    axes.set_title(title, color=ink, loc="left", parse_math=False)
    axes.set_axis_off()
    return axes


def _draw_rows(
    project: Project, rows: Sequence[tuple[str, str, Integers]], images: int, ax: Axes | None
) -> Axes:
    from PIL import Image

    sheets = [_sheet(project, members[:images], images) for _, _, members in rows]
    width = max(sheet.width for sheet in sheets)
    tops = np.cumsum([0, *(sheet.height + _GAP for sheet in sheets)])
    canvas = Image.new("RGB", (width, int(tops[-1]) - _GAP), "white")
    for sheet, top in zip(sheets, tops.tolist(), strict=False):
        canvas.paste(sheet, (0, top))
    axes = _new_axes(1.3 + width * _SCALE, 0.1 + canvas.height * _SCALE) if ax is None else ax
    axes.imshow(np.asarray(canvas))
    axes.set_xticks([])
    middles = [top + sheet.height / 2 for sheet, top in zip(sheets, tops.tolist(), strict=False)]
    words = [f"{printable(name)}\n{counted(len(members), 'image')}" for name, _, members in rows]
    axes.set_yticks(middles, words, parse_math=False)
    for text, (_, ink, _) in zip(axes.get_yticklabels(), rows, strict=True):
        text.set_color(ink)
    axes.tick_params(left=False)
    axes.spines[:].set_visible(False)
    return axes


def _sheet(project: Project, members: Integers, columns: int) -> Image.Image:
    from defect_workbench.storage.report.contact_sheets import sheet_of

    return sheet_of([project.images.absolute(image) for image in members.tolist()], thumbnail, columns)


def _new_axes(width: float, height: float) -> Axes:
    import matplotlib.pyplot as plt

    axes: Axes = plt.subplots(figsize=(width, height), layout="constrained")[1]
    return axes
