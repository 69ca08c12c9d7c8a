"""Measurements of the defects of an image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from typing import Any

NANOMETRES, PIXELS = "nm", "px"
FIRST_MEASURE_VERSION = "hysteresis-6-3.2-v1"


def measure_version_of(identity: Mapping[str, Any], unnamed: str = FIRST_MEASURE_VERSION) -> str:
    """Return the version of measuring that a stored identity of features names.

    Parameters
    ----------
    identity : mapping of str to Any
        As sessions and models store it; one of an early version of the program names none.
    unnamed : str
        Returned if it names none.
    """
    return str(identity.get("measure", unnamed))


@dataclass(frozen=True, slots=True)
class Measurements:
    """The defects of one image; lengths are in pixels until `in_units` converts them.

    Attributes
    ----------
    defects : int
        Number of separate defects.
    total_area, area : float
        Area of all defects, and of the largest one; in square pixels or nm^2.
    diameter : float
        Diameter of the circle with the area of the largest defect; in pixels or nm.
    aspect : float
        Ratio of the axes of the ellipse with the second moments of the largest defect; 0 without a defect.
    orientation : float
        Direction of the longer axis of that ellipse, in degrees anticlockwise from the horizontal, above
        -90 and up to 90.
    contrast : float
        Median absolute difference of the largest defect from the background, in grey levels; negative if
        it is darker.
    noise : float
        Standard deviation of the pixel noise, in grey levels.
    unit : str
        "px" or "nm".
    """

    defects: int
    total_area: float
    area: float
    diameter: float
    aspect: float
    orientation: float
    contrast: float
    noise: float
    unit: str = PIXELS

    def in_units(self, pixel_size_nm: float | None) -> Measurements:
        """Return the measurements in nm; unchanged if the pixel size is unknown or they already are."""
        if pixel_size_nm is None or self.unit == NANOMETRES:
            return self
        square = pixel_size_nm * pixel_size_nm
        return Measurements(
            self.defects,
            self.total_area * square,
            self.area * square,
            self.diameter * pixel_size_nm,
            self.aspect,
            self.orientation,
            self.contrast,
            self.noise,
            NANOMETRES,
        )

    @staticmethod
    def of_numbers(values: Sequence[float], unit: str = PIXELS) -> Measurements:
        """Return measurements from the result of `numbers`."""
        numbers = dict(zip(NUMBERS[1:], map(float, values[1:]), strict=True))
        return Measurements(int(values[0]), **numbers, unit=unit)

    def numbers(self) -> tuple[float, ...]:
        """Return the values of `NUMBERS`, without the unit."""
        return tuple(float(value) for value in astuple(self)[:-1])


NUMBERS = tuple(field.name for field in fields(Measurements))[:-1]
