"""What stands out in a single image: what is left without its shading, periodic pattern and noise."""

from __future__ import annotations

import numpy as np

from defect_workbench.core.clustering.feature_blocks import NEWEST_FOREGROUND
from defect_workbench.engine.defect_map import residuals
from defect_workbench.engine.defect_map.band_shrinkage import without_noise
from defect_workbench.engine.defect_map.residuals import LEAST_NOISE, slow_part, smooth
from defect_workbench.engine.preprocessing.background import Plane, median_and_spread, smooth_surface
from defect_workbench.engine.preprocessing.periodic_pattern import FAINT, find_pattern

# In this version, each direction of an octave was judged alone.
_BY_DIRECTION = "foreground-v1"
# Traces stay faint.
_FAINT = 2.0


def standing_out(image: Plane, version: str = NEWEST_FOREGROUND) -> Plane:
    """Return what stands out in an image, in standard deviations of the rest.

    Parameters
    ----------
    image : (height, width) float32
        In grey levels.
    version : str
        One of `FOREGROUND_VERSIONS`.

    Returns
    -------
    (height, width) float32
        Positive where the image is brighter than expected; almost 0 where nothing stands out.
    """
    level = smooth(image)
    level = level - _pattern(level)
    # Only the shading is subtracted: slower variations may be a film that covers much of the image.
    level = level - smooth_surface(level)
    spread = max(median_and_spread(level)[1], LEAST_NOISE)
    return without_noise(level, jointly=version != _BY_DIRECTION) / np.float32(spread)


def _pattern(level: Plane) -> Plane:
    """Return the periodic pattern of an image with background, of median 0."""
    rest = level - smooth_surface(level)
    result = np.zeros_like(level)
    # A second round finds what the first one left, as shading and films were mixed into it.
    for _ in range(2):
        rest = rest - slow_part(rest)
        pattern = find_pattern(rest, FAINT)
        if pattern is None:
            break
        result += pattern.values
        rest = rest - pattern.values
    return result


def as_picture(values: Plane) -> Plane:
    """Return what stands out as grey levels, as `residuals.as_picture` does where there is less noise."""
    return residuals.as_picture(values, _FAINT, 1.0)
