"""Formatting of lengths."""

from __future__ import annotations

import math

_UNITS = ((1e9, "m"), (1e6, "mm"), (1e3, "µm"), (1.0, "nm"))


def round_length(limit: float) -> float:
    """Return the largest of 1, 2 and 5 times a power of ten that is at most `limit` (positive)."""
    power = 10.0 ** math.floor(math.log10(limit))
    return next(step * power for step in (5.0, 2.0, 1.0) if step * power <= limit * (1 + 1e-9))


def length_words(nanometres: float) -> str:
    """Return a length in a suitable unit, to three significant figures."""
    scale, unit = next((pair for pair in _UNITS if nanometres >= pair[0]), (1.0, "nm"))
    return f"{float(f'{nanometres / scale:.3g}'):g} {unit}"
