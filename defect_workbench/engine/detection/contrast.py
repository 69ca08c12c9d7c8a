"""Contrast of a golden reference matched to that of an image."""

from __future__ import annotations

import numpy as np

from defect_workbench.engine.preprocessing.background import Plane, median_and_spread

_ROUNDS = 3
_FEWEST = 100
_SLOPES = (0.2, 5.0)
_LEAST_CORRELATION = 0.5
_STEP = 3


def with_contrast_of(image: Plane, reference: Plane) -> Plane:
    """Return a reference with the contrast and brightness of an image.

    Both have noise, so the line through their grey levels is fitted by total least squares, repeated without
    the pixels that are far from it. If they hardly correlate, as on a surface without a pattern, the line
    would follow the noise, and only the brightness is matched.

    Parameters
    ----------
    image, reference : (height, width) float32
        Of the same shape, in grey levels.

    Returns
    -------
    (height, width) float32
    """
    step = _STEP if image.size > _FEWEST * _FEWEST else 1
    given, wanted = reference[::step, ::step].ravel(), image[::step, ::step].ravel()
    used = np.ones(given.shape, bool)
    slope, offset = 1.0, float(np.median(wanted - given))
    for _ in range(_ROUNDS):
        if np.count_nonzero(used) < _FEWEST:
            break
        some, other = given[used], wanted[used]
        (xx, xy), (_, yy) = np.cov(some, other)
        slope = 1.0
        if xy > _LEAST_CORRELATION * np.sqrt(xx * yy) and xy > 0:
            slope = float((yy - xx + np.hypot(yy - xx, 2 * xy)) / (2 * xy))
            slope = slope if _SLOPES[0] < slope < _SLOPES[1] else 1.0
        offset = float(other.mean() - slope * some.mean())
        rest = wanted - (slope * given + offset)
        median, spread = median_and_spread(rest)
        used = np.abs(rest - median) <= _ROUNDS * spread + 1e-3
    return np.asarray(np.float32(slope) * reference + np.float32(offset), np.float32)
