"""What can be measured on one picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields

NANOMETRES, PIXELS = "nm", "px"


@dataclass(frozen=True, slots=True)
class Measurements:
    """Defects of one picture; lengths in pixels until `in_units` says otherwise.

    Attributes
    ----------
    defects : int
        Separate ones; 0 where nothing stands out from the noise.
    total_area, area : float
        Of all defects, and of the largest one; square pixels or nm^2.
    diameter : float
        Of the circle with the largest defect's area; pixels or nm.
    aspect : float
        Longer over shorter axis of the ellipse with the largest defect's second moments; 0 without one.
    orientation : float
        Of its longer axis, degrees from the horizontal, anticlockwise, above -90 to 90.
    contrast : float
        Median absolute deviation of the largest defect from the background, grey levels; negative where
        it is darker.
    noise : float
        Standard deviation of the noise from pixel to pixel, grey levels.
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
        """The same of a picture with this pixel size; unchanged where it is not known."""
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
        """From what `numbers` gave."""
        numbers = dict(zip(NUMBERS[1:], map(float, values[1:]), strict=True))
        return Measurements(int(values[0]), **numbers, unit=unit)

    def numbers(self) -> tuple[float, ...]:
        """The values of `NUMBERS`, without the unit."""
        return tuple(float(value) for value in astuple(self)[:-1])


NUMBERS = tuple(field.name for field in fields(Measurements))[:-1]
