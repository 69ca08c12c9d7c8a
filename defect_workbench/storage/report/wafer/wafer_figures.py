"""Drawings of wafers in the report: defects coloured by cluster, with a legend."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from defect_workbench.core.arrays import Floats
from defect_workbench.core.project.palette import NEUTRAL, colour, colour_numbers, node_colours
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.text import counted, sentence_case
from defect_workbench.core.wafer.project_places import diameter_mm, place_source, wafer_labels
from defect_workbench.core.wafer.wafer_places import Wafer, WaferPlaces
from defect_workbench.storage.report.report_content import ReportFigure, ReportFigures

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from defect_workbench.storage.report.figures import FileType

_WIDE_POINTS, _CELL, _TITLE = 503.0, 2.25, 0.35
_MOST_WAFERS, _MOST_COLUMNS, _LEAST_COLUMNS = 25, 5, 3
_MOST_NAMES, _NAMES_PER_ROW = 14, 5
# More points than this are drawn as pixels, or the page would be too large.
_MOST_VECTORS = 3000
_ANGLES = {"right": 0.0, "up": 90.0, "left": 180.0, "down": 270.0}


def wafer_figures(project: Project) -> list[ReportFigures]:
    """Return the wafers of a project with its defects; none without places."""
    source = place_source(project)
    if source is None:
        return []
    places = source.places
    used = sorted(set(places.wafer_of[places.known].tolist()))
    shown = used[:_MOST_WAFERS]
    columns = min(max(_LEAST_COLUMNS, int(np.ceil(np.sqrt(len(shown))))), _MOST_COLUMNS)
    rows = -(-len(shown) // columns)
    names = min(len(project.partition.clusters), _MOST_NAMES) + 1
    legend = 0.25 + 0.2 * -(-names // _NAMES_PER_ROW)
    height = _WIDE_POINTS * (rows * (_CELL + _TITLE) + legend) / (columns * _CELL)
    left_out = f" {counted(len(used) - len(shown), 'more wafer')} left out." if len(used) > len(shown) else ""
    known = int(places.known.sum())
    caption = f"{counted(known, 'defect')} on {counted(len(used), 'wafer')}. {source.words}.{left_out}"
    draw = partial(_wafers_file, project, places, shown, columns, (_WIDE_POINTS, height))
    return [ReportFigures("Wafers", (ReportFigure(caption, draw, (_WIDE_POINTS, height)),))]


def _wafers_file(
    project: Project,
    places: WaferPlaces,
    shown: Sequence[int],
    columns: int,
    size: tuple[float, float],
    kind: FileType,
) -> bytes:
    from defect_workbench.storage.report.figures import figure_file

    def draw(axes: Axes) -> None:
        _draw_wafers(axes, project, places, shown, columns)

    return figure_file((size[0] / 72, size[1] / 72), draw, kind)


def _draw_wafers(
    axes: Axes, project: Project, places: WaferPlaces, shown: Sequence[int], columns: int
) -> None:
    radius = 500 * diameter_mm(places)
    names = wafer_labels(places.wafers)
    points = np.stack([places.x_um, places.y_um], axis=1) / radius
    centres = np.full((len(places.wafers), 2), np.nan)
    for number, wafer in enumerate(shown):
        x, y = (number % columns) * _CELL, -(number // columns) * (_CELL + _TITLE)
        centres[wafer] = x, y
        axes.plot(*_outline(places.wafers[wafer], (x, y)), color="#8A8F98", linewidth=0.9)
        title = sentence_case(names[wafer])
        axes.text(x, y + 1.06, title, ha="center", va="bottom", fontsize=8)
    visible = places.known & np.isin(places.wafer_of, shown)
    points = points[visible] + centres[places.wafer_of[visible]]
    partition, tree = project.partition, project.analysis.tree
    numbers = colour_numbers(partition, None if tree is None else node_colours(tree))
    table = np.array([*(colour(numbers[cluster.key]) for cluster in partition.clusters), NEUTRAL])
    many = len(points) > _MOST_VECTORS
    axes.scatter(
        points[:, 0],
        points[:, 1],
        s=2 if many else 7,
        c=table[partition.cluster_of[visible]].tolist(),
        linewidths=0,
        rasterized=many,
    )
    for cluster in partition.clusters[:_MOST_NAMES]:
        axes.scatter([], [], s=16, color=colour(numbers[cluster.key]), label=cluster.label[:30])
    if (partition.cluster_of[visible] < 0).any():
        axes.scatter([], [], s=16, color=NEUTRAL, label="outliers")
    axes.legend(
        loc="upper center",
        bbox_to_anchor=(0.5, 0.0),
        ncols=_NAMES_PER_ROW,
        frameon=False,
        fontsize=8,
        handletextpad=0.2,
    )
    axes.set_aspect("equal")
    axes.set_xlim(-_CELL / 2, (columns - 0.5) * _CELL)
    axes.set_axis_off()


def _outline(wafer: Wafer, centre: tuple[float, float]) -> tuple[Floats, Floats]:
    """Return the corners of the outline of a wafer of radius 1, with its notch or flat."""
    angle = _ANGLES.get(wafer.notch)
    if angle is None:
        turn = np.radians(np.linspace(0, 360, 181))
        return np.cos(turn) + centre[0], np.sin(turn) + centre[1]
    half = 22.0 if wafer.flat else 3.0
    turn = np.radians(np.linspace(angle + half, angle + 360 - half, 181))
    depth = np.cos(np.radians(half)) if wafer.flat else 0.94
    deep = depth * np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    x = np.concatenate([np.cos(turn), deep[:1], np.cos(turn[:1])])
    y = np.concatenate([np.sin(turn), deep[1:], np.sin(turn[:1])])
    return x + centre[0], y + centre[1]
