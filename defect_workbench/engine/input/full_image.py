"""An image at full size, and its display at a chosen brightness and contrast."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Pixels
from defect_workbench.core.safe_reading import open_regular
from defect_workbench.engine.input.decode import decode
from defect_workbench.engine.input.formats.image_format import Undecodable
from defect_workbench.engine.input.formats.pixel_scaling import robust_range

_MOST_SINGLE = 8e37
_MOST_STEEPNESS = 8.0


@dataclass(frozen=True)
class Tone:
    """How values become grey levels.

    Attributes
    ----------
    brightness, contrast : float
        From -1 to 1; 0 shows the values as the features see them.
    """

    brightness: float = 0.0
    contrast: float = 0.0


@dataclass(frozen=True, eq=False)
class Original:
    """An image file as stored.

    Attributes
    ----------
    values : (height, width) or (height, width, 3) real
    low, high : float
        Shown as black and white at the neutral tone.
    """

    values: NDArray[np.generic]
    low: float
    high: float

    def shown(self, tone: Tone) -> Pixels:
        """The pixels at a tone, of the shape of `values`.

        Brightness moves the range of values that is shown by up to its own width; contrast narrows it to
        an eighth or widens it eightfold. This also shows values beyond black and white at the neutral
        tone, which 16-bit files have.
        """
        if tone == Tone() and self.values.dtype == np.uint8:
            return np.asarray(self.values, np.uint8)
        values, black, white = self.values, self.low, self.high
        largest = max(abs(black), abs(white))
        if largest > _MOST_SINGLE:  # a quarter of the range of single precision: it must hold differences
            values, black, white = np.asarray(values, np.float64) / largest, black / largest, white / largest
        width = max(white - black, 1e-12)
        middle = black + width * (0.5 - tone.brightness)
        narrowed = width * _MOST_STEEPNESS**-tone.contrast
        low = middle - narrowed / 2
        with np.errstate(over="ignore", invalid="ignore"):  # far outside is black or white
            single = np.asarray(values, np.float32)
        scaled = (single - np.float32(low)) * np.float32(255.0 / narrowed)
        levels: Pixels = np.nan_to_num(np.clip(np.rint(scaled), 0, 255)).astype(np.uint8)
        return levels


def original(path: Path) -> Original | None:
    """Read a file at full size; None where it cannot be read."""
    try:
        with open_regular(path) as stream:
            picture = decode(stream.read(), path.name)
    except (OSError, Undecodable):
        return None
    if picture.values is None:
        return Original(picture.pixels, 0.0, 255.0)
    numbers = np.asarray(picture.values, np.float64)
    return Original(picture.values, *robust_range(numbers[np.isfinite(numbers)]))
