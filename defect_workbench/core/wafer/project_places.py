"""Where the defects of a project lie on their wafers, from inspection files or from a joined table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from defect_workbench.core.table_columns import Column
from defect_workbench.core.wafer.inspection import Inspection
from defect_workbench.core.wafer.table_places import DIAMETERS, holding_diameter, places_in_columns
from defect_workbench.core.wafer.wafer_places import Wafer, WaferPlaces

# What to offer where a project has no places.
USUAL_COLUMNS = "wafer, x_um and y_um"


class _Table(Protocol):
    @property
    def source(self) -> str: ...

    @property
    def columns(self) -> Sequence[Column]: ...


class Placed(Protocol):
    """What may know places: a project. A protocol, as projects hold inspections of this package."""

    @property
    def inspection(self) -> Inspection | None:
        """What inspection files say about the images."""

    @property
    def side(self) -> _Table | None:
        """The joined table."""


@dataclass(frozen=True, eq=False)
class PlaceSource:
    """The places of a project's defects, and the text for where they are from."""

    places: WaferPlaces
    words: str


def place_source(project: Placed) -> PlaceSource | None:
    """Return the places of a project's defects with their source; None if no place is known."""
    inspection, side = project.inspection, project.side
    if inspection is not None and inspection.places.known.any():
        return PlaceSource(inspection.places, "Places from the KLARF file")
    table = places_in_columns(side.columns) if side is not None else None
    if side is None or table is None or not table.places.known.any():
        return None
    return PlaceSource(table.places, f"Places from {side.source}: {table.words}")


def places_of(project: Placed) -> WaferPlaces | None:
    """Return the places of a project's defects; None if no place is known."""
    source = place_source(project)
    return None if source is None else source.places


def diameter_mm(places: WaferPlaces) -> float:
    """Return the diameter to draw wafers with: the largest known one, or one that holds all places."""
    # A diameter that does not hold the places is not theirs.
    held = holding_diameter(places.radius_um[places.known]) or 0.0
    return max([*(wafer.diameter_mm or 0.0 for wafer in places.wafers), held]) or DIAMETERS[-1]


def wafer_labels(wafers: Sequence[Wafer]) -> list[str]:
    """Return a short name for each wafer, such as `wafer 3`, that no other one of them has."""
    names = [_name(wafer) for wafer in wafers]
    for more in (_lot, _step, _time):
        if len(set(names)) < len(names):
            names = [" ".join(filter(None, (more(w), n))) for w, n in zip(wafers, names, strict=True)]
    seen: dict[str, int] = {}
    result = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return result


def _name(wafer: Wafer) -> str:
    if wafer.name:
        return wafer.name if wafer.name.casefold().startswith("wafer") else f"wafer {wafer.name}"
    return f"slot {wafer.slot}" if wafer.slot else "the wafer"


def _lot(wafer: Wafer) -> str:
    return f"lot {wafer.lot}," if wafer.lot else ""


def _step(wafer: Wafer) -> str:
    return f"{wafer.step}," if wafer.step else ""


def _time(wafer: Wafer) -> str:
    return f"{wafer.time}," if wafer.time else ""
