"""Scale stored values of any type to 8-bit pixels."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Floats, Pixels
from defect_workbench.engine.input.formats.image_format import Undecodable

LOW_PERCENTILE, HIGH_PERCENTILE = 0.1, 99.9
_SMALLEST = 1e-300


def scale_to_uint8(values: NDArray[np.generic]) -> Pixels:
    """Scale real values to 0..255 between robust percentiles of the finite ones.

    If the percentiles coincide, as in a nearly constant image, minimum and maximum are used, so that a small
    defect on a uniform background is not lost.

    Parameters
    ----------
    values : (height, width) or (height, width, 3) real

    Returns
    -------
    uint8 array of the same shape

    Raises
    ------
    Undecodable
        If no value is finite.
    """
    numbers = np.asarray(values, dtype=np.float64)
    finite = np.isfinite(numbers)
    if not finite.all():
        if not finite.any():
            raise Undecodable("it contains no finite values")
        numbers = np.where(finite, numbers, np.min(numbers[finite]))
    low, high = robust_range(numbers)
    if not high > low:
        return np.full(numbers.shape, 128, np.uint8)
    if not math.isfinite(high - low):  # near the largest float64: the range itself overflows
        numbers, low, high = numbers / 4, low / 4, high / 4
    if high - low < _SMALLEST:  # almost 0: the factor would overflow, too
        low, high, numbers = 0.0, 1.0, (numbers - low) / (high - low)
    scaled = (np.clip(numbers, low, high) - low) * (255.0 / (high - low))
    result: Pixels = np.rint(scaled).astype(np.uint8)
    return result


def robust_range(numbers: Floats) -> tuple[float, float]:
    """Return robust percentiles of finite values; minimum and maximum if the percentiles coincide.

    Parameters
    ----------
    numbers : float64 array of any shape
        Not empty.

    Returns
    -------
    low, high : float
    """
    # A percentile is interpolated between two numbers, whose difference may overflow.
    wide = not math.isfinite(float(numbers.max()) - float(numbers.min()))
    shrunk = numbers / 4 if wide else numbers
    low, high = np.percentile(shrunk, (LOW_PERCENTILE, HIGH_PERCENTILE)) * (4 if wide else 1)
    if not high > low:
        low, high = numbers.min(), numbers.max()
    return float(low), float(high)


def drop_equal_channels(pixels: Pixels) -> Pixels:
    """Return a grey image that is stored as RGB with one channel; others are unchanged.

    Parameters
    ----------
    pixels : (height, width) or (height, width, 3) uint8

    Returns
    -------
    (height, width) or (height, width, 3) uint8
    """
    if (
        pixels.ndim == 3
        and (pixels[..., 0] == pixels[..., 1]).all()
        and (pixels[..., 1] == pixels[..., 2]).all()
    ):
        return np.ascontiguousarray(pixels[..., 0])
    return pixels


def scaled_note(values: NDArray[np.generic]) -> str:
    """Return a note for the user that values were scaled.

    Parameters
    ----------
    values : array of any shape
        The stored values.
    """
    return f"{8 * values.dtype.itemsize}-bit values scaled to 8 bits"
