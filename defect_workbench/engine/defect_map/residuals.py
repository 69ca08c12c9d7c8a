"""The residual of an image: what is left of it after what was expected there is subtracted."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from defect_workbench.core.arrays import Flags
from defect_workbench.engine.defect_map.alignment import aligned
from defect_workbench.engine.preprocessing.background import Plane, median_and_spread, noise_of
from defect_workbench.engine.preprocessing.periodic_pattern import find_pattern

IDENTITY = "residual-v2"

# Less noise than this is not visible, and images without any would have infinite residuals.
LEAST_NOISE = 2.0
_SMOOTH = 1.2
_DRIFT = 0.15
_OUTLYING = 4.0
# Edges may lie this many pixels apart in an image and its reference.
_TOLERANCE = 3
_ROUNDS = 3
_SLOPES = (0.2, 5.0)
_FEWEST = 100
_MOST_OUTSTANDING = 0.03
_MOST_SPREAD = 2.0
_LEAST_PIXEL_NOISE = 0.3
_PEAK_PIXELS = 20
_PEAK_SHARE = 0.7
# Four standard deviations of the noise are never drawn stronger than at three quarters of the contrast.
_FAINT = 4.0


def from_reference(image: Plane, reference: Plane) -> Plane:
    """Return how far an image is from its golden reference, in standard deviations of the noise.

    The reference is aligned and gets the contrast and slow brightness variations of the image. As edges never
    lie at exactly the same place, a pixel counts only as far as it is outside the range of the reference
    within one pixel around it, as in die-to-die inspection.

    Parameters
    ----------
    image, reference : (height, width) float32
        Of the same shape, in grey levels.

    Returns
    -------
    (height, width) float32
        Positive where the image is brighter.
    """
    level, expected = smooth(image), smooth(aligned(reference, image))
    expected = with_contrast_of(level, expected)
    difference = level - expected
    drift = slow_part(difference)
    noise = max(median_and_spread(difference - drift)[1], LEAST_NOISE)
    level = level - drift
    above = level - ndimage.maximum_filter(expected, _TOLERANCE, mode="nearest")
    below = ndimage.minimum_filter(expected, _TOLERANCE, mode="nearest") - level
    return np.asarray((np.maximum(above, 0) - np.maximum(below, 0)) / noise, np.float32)


def from_itself(image: Plane) -> Plane:
    """Return how far an image is from its own background and pattern, in standard deviations of the rest.

    Parameters
    ----------
    image : (height, width) float32
        In grey levels.

    Returns
    -------
    (height, width) float32
        Positive where the image is brighter than expected.
    """
    rest = _without_background(image)
    median, spread = median_and_spread(rest)
    return np.asarray((rest - np.float32(median)) / np.float32(max(spread, LEAST_NOISE)), np.float32)


def is_explained(image: Plane) -> bool:
    """Return whether an image is a background that can be modelled, with little else but noise.

    Parameters
    ----------
    image : (height, width) float32
        In grey levels.
    """
    rest = _without_background(image)
    median, spread = median_and_spread(rest)
    outstanding = np.abs(rest - np.float32(median)) > _OUTLYING * max(spread, LEAST_NOISE)
    little = float(np.mean(outstanding)) <= _MOST_OUTSTANDING
    return little and spread <= _MOST_SPREAD * max(noise_of(image), _LEAST_PIXEL_NOISE)


def _without_background(image: Plane) -> Plane:
    rest = smooth(image)
    rest = rest - np.float32(np.median(rest))
    # A second round finds the pattern again without the shading that was mixed into it.
    for _ in range(2):
        rest = rest - slow_part(rest)
        pattern = find_pattern(rest)
        if pattern is not None:
            rest = rest - pattern.values
    return rest


def smooth(plane: Plane) -> Plane:
    """Return an image, (h, w) float32, after a Gaussian filter of 1.2 pixels.

    That is below the size of a visible defect.
    """
    return np.asarray(ndimage.gaussian_filter(plane, _SMOOTH, mode="nearest"), np.float32)


def slow_part(values: Plane) -> Plane:
    """Return the mean over a seventh of the image around each pixel, of the pixels that do not stand out.

    Parameters
    ----------
    values : (h, w) float32
        In grey levels, as the result.
    """
    median, spread = median_and_spread(values)
    kept: Flags = np.abs(values - median) < _OUTLYING * max(spread, LEAST_NOISE / 2)
    weight = kept.astype(np.float32)
    reach = tuple(_DRIFT * side for side in values.shape)
    total = ndimage.gaussian_filter(values * weight, reach, mode="nearest")
    share = ndimage.gaussian_filter(weight, reach, mode="nearest")
    return np.asarray(total / np.maximum(share, 1e-3), np.float32)


def with_contrast_of(image: Plane, reference: Plane) -> Plane:
    """Return a reference with the contrast and brightness of an image.

    Both have noise, so that the line through their grey levels is fitted by total least squares, repeated
    without the pixels that are far from it.
    """
    used = np.ones(image.shape, bool)
    fitted = np.asarray(reference - reference.mean() + image.mean(), np.float32)
    for _ in range(_ROUNDS):
        if np.count_nonzero(used) < _FEWEST:
            break
        given, wanted = reference[used], image[used]
        (xx, xy), (_, yy) = np.cov(given, wanted)
        slope = (yy - xx + np.hypot(yy - xx, 2 * xy)) / (2 * xy) if xy > 1e-9 else 1.0
        slope = slope if _SLOPES[0] < slope < _SLOPES[1] else 1.0
        fitted = np.asarray(slope * (reference - given.mean()) + wanted.mean(), np.float32)
        median, spread = median_and_spread(image - fitted)
        used = np.abs(image - fitted - median) <= _ROUNDS * spread + 1e-3
    return fitted


def as_picture(residual: Plane, faint: float = _FAINT, peak_share: float = _PEAK_SHARE) -> Plane:
    """Return a residual as grey levels from 0 to 255; 127.5 is as expected.

    Parameters
    ----------
    residual : (height, width) float32
        In standard deviations of the noise. The contrast is that of the strongest pixels, so that edges which
        do not fit perfectly stay faint beside a defect; without any, noise stays faint.
    faint : float
        What is weaker never gets the full contrast.
    peak_share : float
        Share of the strongest pixels that is drawn at three quarters of the contrast.
    """
    peak = float(np.sort(np.abs(residual), axis=None)[-_PEAK_PIXELS:].mean())
    return np.asarray(127.5 + 127.5 * np.tanh(residual / max(faint, peak_share * peak)), np.float32)
