"""Which processing a folder's pictures ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from defect_workbench.core.arrays import Pixels
from defect_workbench.core.images.preprocessing_steps import Background, Denoise, Processing
from defect_workbench.engine.measurement.defects import find

_NOISY = 12.0
_SHADED = 12.0
_OUTSTANDING = 6.0
_ENOUGH = 0.5


@dataclass(frozen=True, slots=True)
class Hints:
    """What one picture shows.

    Attributes
    ----------
    noise : float
        Standard deviation from pixel to pixel, grey levels.
    pitch : float
        Of its repeating pattern, pixels; 0 without one.
    shading, rest : float
        Range of its smooth ground, and robust standard deviation of everything else; grey levels.
    """

    noise: float
    pitch: float
    shading: float
    rest: float


def suggest_processing(pictures: Sequence[Pixels]) -> tuple[Processing, str]:
    """What a sample of a folder's pictures asks for, and why in words.

    Parameters
    ----------
    pictures : sequence of (height, width[, 3]) uint8
        A few dozen are enough; without their info bars.
    """
    found = [find(pixels) for pixels in pictures]
    return suggest([Hints(f.measurements.noise, f.pitch, f.shading, f.rest) for f in found])


def suggest(hints: Sequence[Hints], given: Processing | None = None) -> tuple[Processing, str]:
    """What pictures that show this ask for, and why in words.

    Each step is proposed where at least half of the pictures show its reason: a repeating pattern,
    shading far beyond everything else, or strong noise. Nothing that is `given` is taken back.
    """
    given = given or Processing()
    if not hints:
        return given, "there is no picture to judge by"
    count = len(hints)
    repeating = sum(hint.pitch > 0 for hint in hints)
    shaded = sum(h.shading > _SHADED and h.shading > _OUTSTANDING * h.rest for h in hints)
    noise = float(np.median([hint.noise for hint in hints]))
    reasons = []
    background: Background = given.background
    denoise: Denoise = given.denoise
    if repeating >= _ENOUGH * count and background == "none":
        background = "periodic"
        reasons.append(f"{repeating:,} of {count:,} pictures show a repeating pattern")
    elif shaded >= _ENOUGH * count and background == "none":
        background = "median"
        reasons.append(f"{shaded:,} of {count:,} pictures are shaded far more than anything else in them")
    if noise >= _NOISY and denoise == "none":
        denoise = "nlm"
        reasons.append(f"the noise is strong (median {noise:.0f} grey levels)")
    why = "; ".join(reasons) or f"nothing stands out (median noise {noise:.1f} grey levels)"
    return replace(given, denoise=denoise, background=background), why
