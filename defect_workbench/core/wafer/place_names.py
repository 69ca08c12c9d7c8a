"""Names of table columns that hold places on a wafer, and the units they say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from defect_workbench.core.columns import Column, ColumnKind


class Role(StrEnum):
    """What a column says about a defect or its wafer."""

    WAFER = "wafer"
    LOT = "lot"
    SLOT = "slot"
    STEP = "step"
    RECIPE = "recipe"
    TOOL = "tool"
    TIME = "time"
    NOTCH = "notch"
    X = "x"
    Y = "y"
    DIE_X = "die column"
    DIE_Y = "die row"
    IN_DIE_X = "x in the die"
    IN_DIE_Y = "y in the die"
    PITCH_X = "width of a die"
    PITCH_Y = "height of a die"
    DIAMETER = "diameter"


# Without separators and in lower case; the usual one first. {} stands for x or y.
_TEXTS = {
    Role.WAFER: ("wafer", "waferid", "wafername", "waferno", "wafernr", "wafernumber", "wfr", "wfrid"),
    Role.LOT: ("lot", "lotid", "lotname", "lotno", "lotnr", "lotnumber"),
    Role.SLOT: ("slot", "slotid", "slotno", "slotnr", "slotnumber", "waferslot"),
    Role.STEP: ("step", "stepid", "layer", "layerid", "inspectionstep"),
    Role.RECIPE: ("recipe", "recipeid", "recipename", "setupid"),
    Role.TOOL: ("tool", "toolid", "equipment", "equipmentid", "inspectionstationid"),
    Role.TIME: ("time", "inspectiontime", "resulttimestamp", "timestamp"),
    Role.NOTCH: ("notch", "notchlocation", "notchdirection", "orientationmarklocation", "flatlocation"),
}
_AXES = {
    (Role.X, Role.Y): (
        "{}", "{}pos", "{}position", "pos{}", "{}coord", "{}coordinate", "{}wafer", "wafer{}", "{}loc",
        "{}location", "defect{}", "{}abs", "stage{}", "{}stage",
    ),
    (Role.DIE_X, Role.DIE_Y): ("die{}", "{}die", "{}index", "index{}", "die{}index", "dieindex{}"),
    (Role.IN_DIE_X, Role.IN_DIE_Y): (
        "{}rel", "rel{}", "{}indie", "indie{}", "dierel{}", "{}reldie", "{}relative", "relative{}",
    ),
    (Role.PITCH_X, Role.PITCH_Y): ("pitch{}", "{}pitch", "diepitch{}", "diesize{}"),
}  # fmt: skip
_OTHER_NUMBERS = {
    Role.DIE_X: ("diecol", "diecolumn"),
    Role.DIE_Y: ("dierow",),
    Role.PITCH_X: ("diewidth",),
    Role.PITCH_Y: ("dieheight",),
    Role.DIAMETER: ("waferdiameter", "wafersize", "samplesize", "diameter"),
}
_UNITS = {
    "um": 1.0, "micron": 1.0, "microns": 1.0, "mikrometer": 1.0, "micrometer": 1.0, "micrometers": 1.0,
    "mm": 1000.0, "nm": 0.001,
}  # fmt: skip
_WITHOUT_UNIT = frozenset({Role.DIE_X, Role.DIE_Y})


@dataclass(frozen=True)
class PlaceColumn:
    """A column that was recognised.

    Attributes
    ----------
    unit_um : float or None
        Micrometres per unit, if the name says it.
    """

    role: Role
    column: Column
    unit_um: float | None


def recognise(columns: Sequence[Column]) -> dict[Role, PlaceColumn]:
    """Return the columns that hold wafers and places, by role; usual names take precedence over others."""
    found: dict[Role, tuple[int, PlaceColumn]] = {}
    for column in columns:
        match = _match(column)
        if match is not None:
            rank, place = match
            if place.role not in found or rank < found[place.role][0]:
                found[place.role] = rank, place
    return {role: place for role, (_, place) in found.items()}


def _match(column: Column) -> tuple[int, PlaceColumn] | None:
    parts = _parts(column.name)
    whole = "".join(parts)
    if (key := _TEXT_ROLES.get(whole)) is not None:
        return key[0], PlaceColumn(key[1], column, None)
    if column.kind is not ColumnKind.NUMBER:
        return None
    if (key := _NUMBER_ROLES.get(whole)) is not None:
        return key[0], PlaceColumn(key[1], column, None)
    unit = _UNITS.get(parts[-1]) if parts else None
    key = _NUMBER_ROLES.get("".join(parts[:-1]))
    if unit is None or key is None or key[1] in _WITHOUT_UNIT:
        # Of "die_x_um", x is a length in the die, not a column of dies.
        role = _IN_DIE.get(key[1]) if key is not None and unit is not None else None
        return None if role is None or key is None else (key[0], PlaceColumn(role, column, unit))
    return key[0], PlaceColumn(key[1], column, unit)


_IN_DIE = {Role.DIE_X: Role.IN_DIE_X, Role.DIE_Y: Role.IN_DIE_Y}


def _parts(name: str) -> list[str]:
    """Return the words of a name: `X-Pos [µm]` and `xPos_um` are both x, pos, um."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.replace("µ", "u").replace("μ", "u"))
    return [part for part in re.split(r"[^0-9a-z]+", spaced.casefold()) if part]


def _table() -> tuple[dict[str, tuple[int, Role]], dict[str, tuple[int, Role]]]:
    texts = {name: (rank, role) for role, names in _TEXTS.items() for rank, name in enumerate(names)}
    numbers: dict[str, tuple[int, Role]] = {}
    for roles, names in _AXES.items():
        for role, axis in zip(roles, "xy", strict=True):
            numbers |= {name.format(axis): (rank, role) for rank, name in enumerate(names)}
    for role, names in _OTHER_NUMBERS.items():
        numbers |= {name: (rank, role) for rank, name in enumerate(names)}
    return texts, numbers


_TEXT_ROLES, _NUMBER_ROLES = _table()
