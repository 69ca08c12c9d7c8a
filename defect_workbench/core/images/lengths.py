"""Formatting of lengths."""

from __future__ import annotations

import math

from defect_workbench.core.images.measurements import NANOMETRES

# The part of an image's width that a scale bar takes at most.
SHARE = 0.28
_UNITS = ((1e9, "m"), (1e6, "mm"), (1e3, "µm"), (1.0, "nm"))


def round_length(limit: float) -> float:
    """Return the largest of 1, 2 and 5 times a power of ten that is at most `limit` (positive)."""
    power = 10.0 ** math.floor(math.log10(limit))
    return next(step * power for step in (5.0, 2.0, 1.0) if step * power <= limit * (1 + 1e-9))


def length_words(nanometres: float) -> str:
    """Return a length in a suitable unit, to three significant figures."""
    scale, unit = next((pair for pair in _UNITS if nanometres >= pair[0]), (1.0, "nm"))
    return f"{float(f'{nanometres / scale:.3g}'):g} {unit}"


def size_words(value: float, unit: str) -> str:
    """Return a length that may be in pixels, to three significant figures."""
    return length_words(value) if unit == NANOMETRES else f"{float(f'{value:.3g}'):,g} {unit}"


def surface_words(value: float, unit: str) -> str:
    """Return an area that may be in square pixels."""
    return area_words(value) if unit == NANOMETRES else f"{value:,.0f} {unit}²"


def area_words(square_nanometres: float) -> str:
    """Return an area in a suitable unit, to three significant figures."""
    pairs = ((scale * scale, f"{unit}²") for scale, unit in _UNITS)
    scale, unit = next((pair for pair in pairs if square_nanometres >= pair[0]), (1.0, "nm²"))
    return f"{float(f'{square_nanometres / scale:.3g}'):,g} {unit}"


def scale_bar(longest: float, nanometres: float | None) -> tuple[float, str] | None:
    """Return the longest scale bar of a round length: its length in image pixels, and its label.

    Parameters
    ----------
    longest : float
        What it must not exceed, in image pixels.
    nanometres : float or None
        Per image pixel. Without it, the bar is in pixels, and it is left out if less than one pixel fits.
    """
    if nanometres is None:
        if longest < 1:
            return None
        length = round_length(longest)
        return length, f"{length:g} px"
    length = round_length(longest * nanometres)
    return length / nanometres, length_words(length)
