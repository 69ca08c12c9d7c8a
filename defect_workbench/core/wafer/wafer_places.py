"""Where the defects of images lie on their wafers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from defect_workbench.core.arrays import Floats, Integers

NO_WAFER = -1
COORDINATES = ("x_um", "y_um", "die_x", "die_y", "in_die_x_um", "in_die_y_um")
_OF_IMAGES = ("wafer_of", *COORDINATES)


@dataclass(frozen=True, slots=True)
class Wafer:
    """A wafer that was inspected once; what is not known is empty or None.

    Attributes
    ----------
    name, lot, slot, step, recipe, tool, device : str
        As the inspection named them.
    time : str
        Of the inspection, as `YYYY-MM-DD hh:mm:ss`, so that texts sort by time.
    diameter_mm : float or None
    die_pitch_um : (float, float) or None
        Width and height of a die with its scribe lines.
    centre_um : (float, float)
        The centre of the wafer, from the lower left corner of die (0, 0).
    notch : str
        Where the notch or flat is: `down`, `up`, `left`, `right`, or empty.
    flat : bool
        Whether it is a flat.
    dies : tuple of (int, int)
        The dies that were inspected: column and row.
    area_um2 : float or None
        The inspected area.
    """

    name: str
    lot: str = ""
    slot: str = ""
    step: str = ""
    recipe: str = ""
    tool: str = ""
    device: str = ""
    time: str = ""
    diameter_mm: float | None = None
    die_pitch_um: tuple[float, float] | None = None
    centre_um: tuple[float, float] = (0.0, 0.0)
    notch: str = ""
    flat: bool = False
    dies: tuple[tuple[int, int], ...] = ()
    area_um2: float | None = None


@dataclass(frozen=True, eq=False)
class WaferPlaces:
    """The place of each image's defect, in the order of the image set.

    Attributes
    ----------
    wafers : tuple of Wafer
    wafer_of : (n,) intp
        Index of the wafer; `NO_WAFER` without one.
    x_um, y_um : (n,) float64
        From the centre of the wafer, x to the right and y upwards, in the orientation of the inspection. NaN
        if unknown.
    die_x, die_y : (n,) float64
        Column and row of the die: whole numbers, or NaN if unknown.
    in_die_x_um, in_die_y_um : (n,) float64
        From the lower left corner of the die. NaN if unknown.
    """

    wafers: tuple[Wafer, ...]
    wafer_of: Integers
    x_um: Floats
    y_um: Floats
    die_x: Floats
    die_y: Floats
    in_die_x_um: Floats
    in_die_y_um: Floats

    def __len__(self) -> int:
        return len(self.wafer_of)

    @property
    def known(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """(n,) bool: whether the place on the wafer is known."""
        at = np.isfinite(self.x_um) & np.isfinite(self.y_um)
        return np.asarray(at & (self.wafer_of != NO_WAFER), np.bool_)

    @property
    def radius_um(self) -> Floats:
        """(n,) float64: distance from the centre of the wafer; NaN if unknown."""
        return np.hypot(self.x_um, self.y_um)

    def take(self, indices: Sequence[int] | Integers) -> WaferPlaces:
        """Return the places of some images, (m,), in the given order; -1: an image without a place."""
        chosen = np.asarray(indices, np.intp)
        # The last row stands for no place.
        taken: dict[str, Any] = {
            name: np.append(getattr(self, name), _none(name, 1))[chosen] for name in _OF_IMAGES
        }
        return replace(self, **taken)

    @staticmethod
    def nowhere(count: int) -> WaferPlaces:
        """Return the places of images of which none is known."""
        return WaferPlaces((), **{name: _none(name, count) for name in _OF_IMAGES})


def _none(name: str, count: int) -> Any:
    return np.full(count, NO_WAFER, np.intp) if name == "wafer_of" else np.full(count, np.nan)
