"""Places on wafers from the columns of a joined table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from defect_workbench.core.arrays import Floats, Integers
from defect_workbench.core.table_columns import Cell, Column, cell_text
from defect_workbench.core.wafer.place_names import PlaceColumn, Role, recognise
from defect_workbench.core.wafer.wafer_places import NO_WAFER, Wafer, WaferPlaces

# In mm, the smallest first.
DIAMETERS = (100.0, 150.0, 200.0, 300.0)
_LARGEST_MM = 450.0
# A coordinate above these is not in mm, or not in µm: half of the largest wafer, and a bit.
_MOST_MM, _MOST_UM = 300.0, 300_000.0
_MOST_MM_IN_DIE, _MOST_UM_IN_DIE = 60.0, 60_000.0
_UNIT_NAMES = {1.0: "µm", 1000.0: "mm", 0.001: "nm"}
_DIRECTIONS = {
    "down": "down", "bottom": "down", "south": "down", "180": "down", "6": "down",
    "up": "up", "top": "up", "north": "up", "0": "up", "12": "up",
    "left": "left", "west": "left", "270": "left", "9": "left",
    "right": "right", "east": "right", "90": "right", "3": "right",
}  # fmt: skip
_FEW_FOR_A_CORNER = 20


@dataclass(frozen=True, eq=False)
class TablePlaces:
    """Places, and the text for which columns they are from."""

    places: WaferPlaces
    words: str


def places_in_columns(columns: Sequence[Column]) -> TablePlaces | None:
    """Return the places that the columns of a table hold; None if they hold none.

    Coordinates are from the centre of the wafer, unless all are positive and reach so far that they must be
    from its lower left corner. A unit that no name says follows from the size of the numbers.
    """
    found = recognise(columns)
    on_wafer = Role.X in found and Role.Y in found
    from_dies = all(role in found for role in (Role.DIE_X, Role.DIE_Y, Role.IN_DIE_X, Role.IN_DIE_Y))
    if not columns or not (on_wafer or from_dies):
        return None
    count = len(columns[0].cells)
    nowhere = np.full(count, np.nan)
    die_x, die_y = (_numbers(found[r]) if r in found else nowhere for r in (Role.DIE_X, Role.DIE_Y))
    notes: dict[Role, str] = {}
    in_x, in_y = _lengths(found, (Role.IN_DIE_X, Role.IN_DIE_Y), (_MOST_MM_IN_DIE, _MOST_UM_IN_DIE), notes)
    x, y = _lengths(found, (Role.X, Role.Y), (_MOST_MM, _MOST_UM), notes)
    pitch_x, pitch_y = _lengths(
        found, (Role.PITCH_X, Role.PITCH_Y), (_MOST_MM_IN_DIE, _MOST_UM_IN_DIE), notes
    )
    x, y, corner = _from_centre(x, y)
    grids = [
        _grid(_constant(pitch), place, die, inside)
        for pitch, place, die, inside in ((pitch_x, x, die_x, in_x), (pitch_y, y, die_y, in_y))
    ]
    pitch, centre = None, (0.0, 0.0)
    if grids[0] is not None and grids[1] is not None:
        (width, left), (height, low) = grids[0], grids[1]
        pitch, centre = (width, height), (left, low)
        if not on_wafer:
            x, y = die_x * width + in_x - left, die_y * height + in_y - low
        if np.isnan(in_x).all() or np.isnan(in_y).all():
            in_x, in_y = x + left - die_x * width, y + low - die_y * height
    wafers, wafer_of = _wafers(found, count)
    known = np.isfinite(x) | np.isfinite(die_x)
    wafer_of = np.where(known, wafer_of, NO_WAFER).astype(np.int32)
    diameter = _diameter(found) or holding_diameter(np.hypot(x, y)[wafer_of != NO_WAFER])
    placed = tuple(
        replace(wafer, diameter_mm=diameter, die_pitch_um=pitch, centre_um=centre) for wafer in wafers
    )
    places = WaferPlaces(placed, wafer_of, x, y, die_x, die_y, in_x, in_y)
    return TablePlaces(places, _words(found, notes, corner))


def holding_diameter(radius_um: Floats) -> float | None:
    """Return the smallest usual diameter, in mm, that holds all places, (n,) in µm; None without places."""
    known = radius_um[np.isfinite(radius_um)]
    if not len(known):
        return None
    furthest = 2 * float(known.max()) / 1000
    return next((each for each in (*DIAMETERS, _LARGEST_MM) if furthest <= each), float(np.ceil(furthest)))


def _numbers(place: PlaceColumn) -> Floats:
    return np.array([np.nan if cell is None else float(cell) for cell in place.column.cells], np.float64)


def _lengths(
    found: Mapping[Role, PlaceColumn],
    roles: tuple[Role, Role],
    most: tuple[float, float],
    notes: dict[Role, str],
) -> tuple[Floats, Floats]:
    """Return two columns of lengths in µm; both have the same unit if neither name says one."""
    chosen = [found.get(role) for role in roles]
    raw = [None if place is None else _numbers(place) for place in chosen]
    finite = [np.abs(values[np.isfinite(values)]) for values in raw if values is not None]
    furthest = max((float(values.max(initial=0.0)) for values in finite), default=0.0)
    by_size = 1000.0 if furthest <= most[0] else 1.0 if furthest <= most[1] else 0.001
    units = [place.unit_um for place in chosen if place is not None and place.unit_um is not None]
    result = []
    for role, place, values in zip(roles, chosen, raw, strict=True):
        if place is None or values is None:
            count = len(next(iter(found.values())).column.cells) if found else 0
            result.append(np.full(count, np.nan))
            continue
        unit = place.unit_um or (units[0] if units else by_size)
        if place.unit_um is None:
            notes[role] = f"read as {_UNIT_NAMES[unit]}"
        result.append(values * unit)
    return result[0], result[1]


def _from_centre(x: Floats, y: Floats) -> tuple[Floats, Floats, bool]:
    """Move coordinates to the centre of the wafer if they can only be from its lower left corner."""
    known = np.isfinite(x) & np.isfinite(y)
    if known.sum() < _FEW_FOR_A_CORNER or x[known].min() < 0 or y[known].min() < 0:
        return x, y, False
    if np.hypot(x[known], y[known]).max() <= 1000 * DIAMETERS[-1] / 2:
        return x, y, False
    side = max(float(x[known].max()), float(y[known].max())) / 1000
    diameter = next((each for each in (*DIAMETERS, _LARGEST_MM) if side <= each), side)
    return x - 500 * diameter, y - 500 * diameter, True


def _constant(values: Floats) -> float | None:
    """Return the value that all finite cells have, if they have one above zero."""
    known = np.unique(values[np.isfinite(values)])
    return float(known[0]) if len(known) == 1 and known[0] > 0 else None


def _grid(pitch: float | None, place: Floats, die: Floats, inside: Floats) -> tuple[float, float] | None:
    """Return the pitch of the dies, and the centre of the wafer from the corner of die 0; None if unknown."""
    whole = np.isfinite(place) & np.isfinite(die) & np.isfinite(inside)
    if pitch is None and whole.sum() >= 3 and np.ptp(die[whole]) > 0:
        # Place minus place in the die is a straight line over the dies, if the columns belong together.
        design = np.stack([die[whole], np.ones(int(whole.sum()))], axis=1)
        rest = place[whole] - inside[whole]
        (slope, offset), *_ = np.linalg.lstsq(design, rest, rcond=None)
        error = float(np.abs(design @ (slope, offset) - rest).max())
        return (float(slope), -float(offset)) if slope > 0 and error < 0.01 * slope else None
    if pitch is None:
        return None
    if whole.any():
        return pitch, float(np.median(die[whole] * pitch + inside[whole] - place[whole]))
    dies = np.isfinite(place) & np.isfinite(die)
    if dies.any():
        inner = place[dies] - die[dies] * pitch
        return pitch, float(pitch - inner.min() - inner.max()) / 2
    ends = die[np.isfinite(die)]
    # The dies are taken to be around the centre.
    return (pitch, pitch * float(ends.min() + ends.max() + 1) / 2) if len(ends) else None


def _wafers(found: Mapping[Role, PlaceColumn], count: int) -> tuple[list[Wafer], Integers]:
    """Return the wafers, in order of lot and wafer, and the wafer of each image."""
    parts = [role for role in (Role.LOT, Role.WAFER, Role.SLOT) if role in found]
    cells = {role: [_text(cell) for cell in found[role].column.cells] for role in _NAMES if role in found}
    if not parts:
        return [_common(cells, range(count))], np.zeros(count, np.intp)
    keys = [tuple(cells[role][image] for role in parts) for image in range(count)]
    order = sorted({key for key in keys if any(key)}, key=lambda key: [_natural(part) for part in key])
    numbers = {key: number for number, key in enumerate(order)}
    wafer_of = np.array([numbers.get(key, NO_WAFER) for key in keys], np.intp)
    members = [np.flatnonzero(wafer_of == number).tolist() for number in range(len(order))]
    return [_common(cells, images) for images in members], wafer_of


_NAMES = {
    Role.WAFER: "name", Role.LOT: "lot", Role.SLOT: "slot", Role.STEP: "step",
    Role.RECIPE: "recipe", Role.TOOL: "tool", Role.TIME: "time", Role.NOTCH: "notch",
}  # fmt: skip


def _common(cells: Mapping[Role, Sequence[str]], images: Sequence[int]) -> Wafer:
    """Return a wafer with what all of its images have in common."""
    names: dict[str, str] = {}
    for role, texts in cells.items():
        values = {texts[image] for image in images if texts[image]}
        if len(values) == 1:
            text = values.pop()
            names[_NAMES[role]] = _DIRECTIONS.get(text.casefold(), "") if role is Role.NOTCH else text
    get = names.get
    return Wafer(
        get("name", ""),
        lot=get("lot", ""),
        slot=get("slot", ""),
        step=get("step", ""),
        recipe=get("recipe", ""),
        tool=get("tool", ""),
        time=get("time", ""),
        notch=get("notch", ""),
    )


def _text(cell: Cell) -> str:
    return cell_text(cell).strip()


def _natural(text: str) -> tuple[int, str]:
    return (int(text), text) if text.isdecimal() and len(text) < 10 else (10**9, text.casefold())


def _diameter(found: Mapping[Role, PlaceColumn]) -> float | None:
    """Return the diameter of the wafers in mm; a column of other diameters is about defects."""
    place = found.get(Role.DIAMETER)
    value = None if place is None else _constant(_numbers(place))
    if place is None or value is None:
        return None
    millimetres = value * (place.unit_um or 1000.0) / 1000
    return millimetres if 25 <= millimetres <= _LARGEST_MM else None


def _words(found: Mapping[Role, PlaceColumn], notes: Mapping[Role, str], corner: bool) -> str:
    order = [role for role in Role if role in found]
    names = [f"{found[r].column.name}{f' ({notes[r]})' if r in notes else ''}" for r in order]
    return ", ".join(names) + (", counted from the lower left corner of the wafer" if corner else "")
