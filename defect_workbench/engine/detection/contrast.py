"""Contrast of a golden reference matched to that of an image."""

from __future__ import annotations

import numpy as np

from defect_workbench.core.arrays import Flags
from defect_workbench.engine.preprocessing.background import Plane, median_and_spread

_ROUNDS = 3
_FEWEST = 100
_SLOPES = (0.2, 5.0)
_LEAST_CORRELATION = 0.5
_STEP = 3
_BINS, _FEWEST_IN_BIN, _LEAST_FLAT = 16, 200, 0.05


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


def with_tones_of(image: Plane, expected: Plane, flat: Flags) -> Plane:
    """Return a reference whose grey levels follow the image where their relation is not a line.

    Detectors saturate, and gamma and contrast curves differ: the median difference in each of 16 ranges of
    grey levels is added, interpolated in between.

    Parameters
    ----------
    image, expected : (height, width) float32
        Of the same contrast, by `with_contrast_of`.
    flat : (height, width) bool
        Pixels without edges, which do not depend on the registration.

    Returns
    -------
    (height, width) float32
    """
    if np.mean(flat) < _LEAST_FLAT:
        return expected
    tones, difference = expected[flat], (image - expected)[flat]
    low, high = np.quantile(tones[:: max(1, len(tones) // 10_000)], (0.005, 0.995))
    if high - low < _BINS:
        return expected
    numbers = np.clip((tones - low) * (_BINS / (high - low)), 0, _BINS - 1).astype(np.int16)
    centres, offsets = [], []
    for number in range(_BINS):
        values = difference[numbers == number]
        if len(values) >= _FEWEST_IN_BIN:
            centres.append(low + (number + 0.5) * (high - low) / _BINS)
            offsets.append(np.median(values))
    if not centres:
        return expected
    return np.asarray(expected + np.interp(expected, centres, offsets), np.float32)
