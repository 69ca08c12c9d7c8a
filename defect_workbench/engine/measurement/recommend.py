"""Recommendation of preprocessing for the images of a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from defect_workbench.core.clustering.group_by import GroupBy
from defect_workbench.core.images.preprocessing_steps import Background, Denoise, Preprocessing

_NOISY = 12.0
_SHADED = 12.0
_OUTSTANDING = 6.0
_ENOUGH = 0.5


@dataclass(frozen=True, slots=True)
class Hints:
    """The properties of one image that a recommendation depends on.

    Attributes
    ----------
    noise : float
        Standard deviation of the pixel noise, in grey levels.
    pitch : float
        Period of the periodic pattern, in pixels; 0 without a pattern.
    shading, rest : float
        Range of the smooth background, and robust standard deviation of everything else, in grey levels.
    """

    noise: float
    pitch: float
    shading: float
    rest: float


def suggest(
    hints: Sequence[Hints], given: Preprocessing | None = None, grouped_by: GroupBy = GroupBy.PICTURE
) -> tuple[Preprocessing, str]:
    """Recommend preprocessing for images with these properties, and give the reason.

    A step is recommended if at least half of the images have the property it corrects: a periodic
    pattern, shading far stronger than everything else, or strong noise.

    Parameters
    ----------
    hints : sequence of Hints
    given : Preprocessing, optional
        Steps already chosen; they are kept.
    grouped_by : GroupBy
        What the images are grouped by. Maps of defects leave out background and noise by themselves, so that
        neither has to be corrected where only they count; where they count as well, denoising does not help
        (docs/adr/0049).
    """
    given = given or Preprocessing()
    if not hints:
        return given, ""
    if grouped_by is GroupBy.DEFECT:
        return given, "nothing to correct, as images are grouped by the defect, without background and noise"
    count = len(hints)
    repeating = sum(hint.pitch > 0 for hint in hints)
    shaded = sum(h.shading > _SHADED and h.shading > _OUTSTANDING * h.rest for h in hints)
    noise = float(np.median([hint.noise for hint in hints]))
    reasons = []
    background: Background = given.background
    denoise: Denoise = given.denoise
    if repeating >= _ENOUGH * count and background == "none":
        background = "periodic"
        reasons.append(f"{repeating:,} of {count:,} images have a periodic pattern")
    elif shaded >= _ENOUGH * count and background == "none":
        background = "median"
        reasons.append(f"{shaded:,} of {count:,} images have shading far stronger than anything else")
    if noise >= _NOISY and denoise == "none":
        strong = f"the noise is strong (median {noise:.0f} grey levels)"
        if grouped_by is GroupBy.PICTURE:
            denoise = "nlm"
            reasons.append(strong)
        else:
            reasons.append(f"{strong}, which maps of defects leave out")
    why = "; ".join(reasons) or f"nothing to correct (median noise {noise:.1f} grey levels)"
    return replace(given, denoise=denoise, background=background), why
