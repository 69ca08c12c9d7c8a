"""Where wafers are drawn: one, all on top of each other, or side by side."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from defect_workbench.core.arrays import Floats
from defect_workbench.core.text import counted, sentence_case
from defect_workbench.core.wafer.project_places import diameter_mm, wafer_labels
from defect_workbench.core.wafer.wafer_places import WaferPlaces

# In radii of a wafer: from one to the next, and the room above each for its name.
_CELL, _NAME = 2.12, 0.26


class Arrangement(Enum):
    """How several wafers are shown; the value is the text of the choice."""

    STACKED = "All wafers, stacked"
    MULTIPLES = "All wafers, side by side"
    ONE = "One wafer"


@dataclass(frozen=True, eq=False)
class WaferFrame:
    """A circle in which one wafer or several are drawn.

    Attributes
    ----------
    wafers : tuple of int
        Those whose defects it shows.
    centre : (float, float)
        On the plane, in radii of the largest wafer, y upwards.
    title : str
        Name of the wafer, and number of its defects.
    notch : str
        Where the notch or flat is; empty if unknown.
    flat : bool
        Whether it is a flat.
    dies : (d, 4) float64
        Left, lower end, width and height of rows of inspected dies, in radii from the centre of the wafer.
    lines : (l, 4) float64
        Ends of the lines between dies, x and y of each.
    """

    wafers: tuple[int, ...]
    centre: tuple[float, float]
    title: str
    notch: str
    flat: bool
    dies: Floats
    lines: Floats


@dataclass(frozen=True, eq=False)
class WaferPlan:
    """The frames, and where the images are on their plane.

    Attributes
    ----------
    frames : tuple of WaferFrame
    points : (n, 2) float64
        NaN for images that are not shown.
    extent : (float, float)
        Width and height of the plane.
    radius_um : float
        The unit of the plane.
    """

    frames: tuple[WaferFrame, ...]
    points: Floats
    extent: tuple[float, float]
    radius_um: float


def plan_of(places: WaferPlaces, arrangement: Arrangement, wafer: int, aspect: float) -> WaferPlan:
    """Return what to draw where.

    Parameters
    ----------
    wafer : int
        The one to show with `Arrangement.ONE`.
    aspect : float
        Width of the view over its height.
    """
    radius = 500 * diameter_mm(places)
    names = wafer_labels(places.wafers)
    used = sorted(set(places.wafer_of[places.known].tolist())) or [0]
    groups: list[tuple[int, ...]]
    if arrangement is Arrangement.MULTIPLES:
        groups = [(each,) for each in used]
    elif arrangement is Arrangement.ONE:
        groups = [(wafer if wafer in used else used[0],)]
    else:
        groups = [tuple(used)]
    counts = np.bincount(places.wafer_of[places.known], minlength=len(places.wafers))
    columns = _columns(len(groups), aspect)
    rows = -(-len(groups) // columns)
    height = _CELL + _NAME
    frame_of = np.full(len(places.wafers) + 1, -1)
    centres, frames = [], []
    for number, wafers in enumerate(groups):
        column, row = number % columns, number // columns
        centre = (column + 0.5) * _CELL, (rows - 1 - row) * height + _CELL / 2
        frame_of[list(wafers)] = number
        centres.append(centre)
        first = places.wafers[wafers[0]]
        dies, lines = _dies(places, wafers, radius)
        name = names[wafers[0]] if len(wafers) == 1 else f"{len(wafers)} wafers"
        number_of = int(counts[list(wafers)].sum())
        # Side by side, there is room for the number alone.
        title = f"{number_of:,}" if len(groups) > 1 else counted(number_of, "defect")
        title = f"{sentence_case(name)}  ·  {title}"
        frames.append(WaferFrame(wafers, centre, title, first.notch, first.flat, dies, lines))
    inside = np.where(places.known, frame_of[places.wafer_of], -1)
    at = np.stack([places.x_um, places.y_um], axis=1) / radius + np.array(centres)[inside]
    points = np.where((inside >= 0)[:, None], at, np.nan)
    return WaferPlan(tuple(frames), points, (columns * _CELL, rows * height), radius)


def _columns(count: int, aspect: float) -> int:
    """Return the number of columns that lets the wafers be largest."""
    sizes = [min(aspect / columns, 1 / -(-count // columns)) for columns in range(1, count + 1)]
    return 1 + int(np.argmax(np.round(sizes, 6)))


def _dies(places: WaferPlaces, wafers: Sequence[int], radius: float) -> tuple[Floats, Floats]:
    """Return the dies that were inspected on any of some wafers, and the lines between all dies.

    There are none unless all of the wafers have the same dies.
    """
    shapes = {(places.wafers[w].die_pitch_um, places.wafers[w].centre_um) for w in wafers}
    pitch, centre = next(iter(shapes))
    if len(shapes) > 1 or pitch is None:
        return np.empty((0, 4)), np.empty((0, 4))
    rows = _rows({die for wafer in wafers for die in places.wafers[wafer].dies})
    corners = rows[:, :2] * np.array(pitch) - np.array(centre)
    size = rows[:, 2:] * np.array(pitch)
    ends = []
    for axis in (0, 1):
        first, last = (np.array([-radius, radius]) + centre[axis]) // pitch[axis]
        at = (np.arange(first + 1, last + 1) * pitch[axis] - centre[axis]) / radius
        half = np.sqrt(np.maximum(1 - at**2, 0))
        ends.append(np.stack((at, -half, at, half) if axis == 0 else (-half, at, half, at), axis=1))
    return np.concatenate([corners, size], axis=1) / radius, np.concatenate(ends)


def _rows(dies: Collection[tuple[int, int]]) -> Floats:
    """Return first column, row, number of columns, and 1, of dies in unbroken rows: fewer areas to fill."""
    rows: list[list[int]] = []
    for column, row in sorted(dies, key=lambda die: (die[1], die[0])):
        if rows and rows[-1][1] == row and rows[-1][0] + rows[-1][2] == column:
            rows[-1][2] += 1
        else:
            rows.append([column, row, 1, 1])
    return np.array(rows, np.float64).reshape(-1, 4)
