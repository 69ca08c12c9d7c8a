"""Images at full size, displayed with adjustable brightness and contrast."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Pixels
from defect_workbench.engine.input.formats.image_format import Undecodable
from defect_workbench.engine.input.formats.pixel_scaling import robust_range
from defect_workbench.engine.input.location_reading import read_location

_MOST_SINGLE = 8e37
_MOST_STEEPNESS = 8.0
# Values from which percentiles are taken, and which.
_SAMPLE = 200_000
_NEARLY_ALL = 0.5, 99.5


@dataclass(frozen=True)
class Tone:
    """Brightness and contrast with which values are displayed.

    Attributes
    ----------
    brightness, contrast : float
        From -1 to 1; 0 shows the values as features are computed from them.
    equal : bool
        Whether the neutral range is that of the image's own values, from the 0.5th to the 99.5th percentile:
        images of different exposure then look alike.
    """

    brightness: float = 0.0
    contrast: float = 0.0
    equal: bool = False


@dataclass(frozen=True, eq=False)
class Original:
    """The stored values of an image file.

    Attributes
    ----------
    values : (height, width) or (height, width, 3) real
    low, high : float
        The values displayed as black and white at the neutral tone.
    """

    values: NDArray[np.generic]
    low: float
    high: float

    def shown(self, tone: Tone) -> Pixels:
        """Return the pixels to display at a tone.

        Brightness shifts the displayed range of values by up to its width; contrast narrows it to an eighth
        or widens it eightfold. Values outside the range of the neutral tone, which 16-bit files have, can so
        be seen.

        Returns
        -------
        uint8 array of the shape of `values`
        """
        if tone == Tone() and self.values.dtype == np.uint8:
            return np.asarray(self.values, np.uint8)
        values, black, white = self.values, self.low, self.high
        if tone.equal:
            black, white = _own_range(values, black, white)
        largest = max(abs(black), abs(white))
        if largest > _MOST_SINGLE:  # a quarter of the float32 range, so that differences fit
            values, black, white = np.asarray(values, np.float64) / largest, black / largest, white / largest
        width = max(white - black, 1e-12)
        middle = black + width * (0.5 - tone.brightness)
        narrowed = width * _MOST_STEEPNESS**-tone.contrast
        low = middle - narrowed / 2
        with np.errstate(over="ignore", invalid="ignore"):  # values that overflow are black or white
            single = np.asarray(values, np.float32)
        scaled = (single - np.float32(low)) * np.float32(255.0 / narrowed)
        levels: Pixels = np.nan_to_num(np.clip(np.rint(scaled), 0, 255)).astype(np.uint8)
        return levels


def original(path: Path) -> Original | None:
    """Read a file at full size; return None if it cannot be read."""
    try:
        image = read_location(path)
    except (OSError, Undecodable):
        return None
    if image.values is None:
        return Original(image.pixels, 0.0, 255.0)
    numbers = np.asarray(image.values, np.float64)
    return Original(image.values, *robust_range(numbers[np.isfinite(numbers)]))


def _own_range(values: NDArray[np.generic], low: float, high: float) -> tuple[float, float]:
    """Return the percentiles between which nearly all values are; `low` and `high` if these are equal."""
    sample = np.asarray(values.reshape(-1)[:: max(1, values.size // _SAMPLE)], np.float64)
    sample = sample[np.isfinite(sample)]
    if not len(sample):
        return low, high
    black, white = np.percentile(sample, _NEARLY_ALL).tolist()
    return (black, white) if white > black else (low, high)
