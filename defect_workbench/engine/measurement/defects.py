"""Defects of an image: regions that differ from the background by more than the noise."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import atan2, degrees, pi, sqrt

import numpy as np
from scipy import ndimage

from defect_workbench.core.arrays import Flags, Pixels
from defect_workbench.core.images.measurements import FIRST_MEASURE_VERSION, Measurements
from defect_workbench.engine.preprocessing.background import (
    Plane,
    drift,
    grey_of,
    local_spread,
    median_and_spread,
    noise_of,
    sample,
    smooth_surface,
    without_dark_edges,
)
from defect_workbench.engine.preprocessing.periodic_pattern import (
    CLEAR,
    FAINT,
    Pattern,
    find_pattern,
    reduced,
    step_of,
)

# Newest first. Stores, sessions and models keep the version that they were made with (docs/adr/0042).
VERSIONS = ("hysteresis-6-3.2-v2", FIRST_MEASURE_VERSION)
IDENTITY = VERSIONS[0]

# Larger images are measured after averaging squares of pixels; features use even fewer pixels.
LARGEST = 320
# A defect exceeds the first somewhere and the second throughout, and this share of its own peak.
_HIGH_SIGMAS, _LOW_SIGMAS, _LEAST_SHARE_OF_PEAK = 6.0, 3.2, 0.25
# Without its pattern, an image keeps errors of the model beside its noise.
_PATTERN_FACTOR = 1.15
_JOINED_PIXELS = 2
# A pit among contact holes hides more of their pattern than noise does; what is found must explain as much.
_FAINT = replace(FAINT, prominence=10.0)
_SMOOTHING_PIXELS = 1.0
_LEAST_SIGMA = 1.3
_MOST_TIMES_LOCAL_SPREAD = 1.4
_LEAST_PIXELS = 6
# Smoothed as defects are, white noise keeps 0.28 of its standard deviation; grain and edges that wander
# keep more.
_MOST_LEFT, _LEAST_NOISE = 1.6, 0.5
_LEAST_REDUCTION = 0.9
_NEARLY_WHITE, _STRONG_NOISE = 0.7, 2.0
# Averages reach 6 standard deviations on clean images, too.
_BROAD_PIXELS, _BROAD_SIGMAS, _BROAD_SHARE_OF_PEAK = 4.0, 7.0, 0.4
_APART_PIXELS = 3


@dataclass(frozen=True)
class Finding:
    """The measurements of an image, and the masks of its defects.

    Attributes
    ----------
    mask : (h, w) bool
        All defects, on the grid on which they were found.
    largest : (h, w) bool
        The largest one.
    step : int
        Pixels of the image per cell of the grid, along each side.
    pitch : float
        Period of the periodic pattern, in pixels; 0 without a clear pattern.
    shading, rest : float
        Range of the smooth surface, and robust standard deviation of the remainder, in grey levels.
    """

    measurements: Measurements
    mask: Flags
    largest: Flags
    step: int
    pitch: float = 0.0
    shading: float = 0.0
    rest: float = 0.0


@dataclass(frozen=True, eq=False)
class Levelled:
    """An image without its background.

    Attributes
    ----------
    flat : (height, width) float32
        What is left, in grey levels.
    tolerance : (height, width) float32, or None
        How much more than elsewhere a pixel of a periodic pattern varies, at least 1; None without a pattern.
    pitch : float
        Period of the pattern, in pixels; 0 without a clear one.
    shading, rest : float
        As in `Finding`.
    """

    flat: Plane
    tolerance: Plane | None
    pitch: float
    shading: float
    rest: float


def measure(pixels: Pixels, pixel_size_nm: float | None = None) -> Measurements:
    """Count and measure the defects of an image.

    Parameters
    ----------
    pixels : (height, width) or (height, width, 3) uint8
        Without an info bar.
    pixel_size_nm : float, optional
        If given, lengths are in nanometres instead of pixels.
    """
    return find(pixels).measurements.in_units(pixel_size_nm)


def find(pixels: Pixels, version: str = IDENTITY) -> Finding:
    """Find the defects of an image, bright and dark ones alike.

    The background is a quadratic surface, a periodic pattern if there is one, and slow variations. A pattern
    is clear, or, since the second version, leaves little but noise. A defect is a region that exceeds 3.2
    robust standard deviations throughout and 6 somewhere (15% more on a pattern, whose edges wander), and a
    quarter of its own peak; its holes belong to it. This is hysteresis thresholding (J. Canny, IEEE PAMI 8,
    1986) on the smoothed difference from the background. Since the second version, where little but strong
    noise is left, regions elsewhere also count if they exceed 3.2 and 7 after averaging over several pixels.

    Parameters
    ----------
    pixels : (height, width) or (height, width, 3) uint8
        Without an info bar.
    version : str
        One of `VERSIONS`.

    Returns
    -------
    Finding
        Sizes in pixels of the image, at most 320 cells along each side of the masks.
    """
    grey = grey_of(pixels)
    noise = noise_of(grey)
    step = step_of(grey.shape, LARGEST)
    small, left = reduced(grey, step), None
    if version != FIRST_MEASURE_VERSION:
        left = noise if step == 1 else noise_of(small)
    levelled = levelled_of(small, left)
    flat, shading, rest = levelled.flat, levelled.shading, levelled.rest
    pitch = levelled.pitch * step
    mask = _outstanding(flat, levelled.tolerance, left)
    box = _box_of(mask, 0)
    labels, count = ndimage.label(mask[box], np.ones((3, 3), bool))
    sizes = np.bincount(labels.ravel(), minlength=count + 1)
    sizes[0] = 0
    kept = np.flatnonzero(sizes >= _LEAST_PIXELS)
    mask[box] = (sizes >= _LEAST_PIXELS)[labels]
    if not len(kept):
        nothing = Measurements(0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, noise)
        return Finding(nothing, mask, np.zeros_like(mask), step, pitch, shading, rest)
    largest = np.zeros_like(mask)
    largest[box] = labels == int(sizes.argmax())
    square = float(step * step)
    area = float(largest.sum()) * square
    aspect, orientation = ellipse_of(largest)
    inside = flat[largest]
    contrast = float(np.median(np.abs(inside))) * (1 if float(inside.mean()) >= 0 else -1)
    measured = Measurements(
        defects=len(kept),
        total_area=float(mask.sum()) * square,
        area=area,
        diameter=2 * sqrt(area / pi),
        aspect=aspect,
        orientation=orientation,
        contrast=contrast,
        noise=noise,
    )
    return Finding(measured, mask, largest, step, pitch, shading, rest)


def levelled_of(grey: Plane, noise: float | None = None) -> Levelled:
    """Return what is left of an image without smooth surface, periodic pattern and slow variations.

    Parameters
    ----------
    grey : (height, width) float32
        In grey levels.
    noise : float, optional
        Its standard deviation; if given, a pattern that is not clear is subtracted, too, if it leaves little
        but noise.
    """
    surface = smooth_surface(grey)
    flat = grey - surface
    shading, rest = float(surface.max() - surface.min()), median_and_spread(flat)[1]
    tolerance: Plane | None = None
    pattern = find_pattern(flat, CLEAR if noise is None else _FAINT)
    if pattern is not None and not (pattern.is_clear or _leaves_noise(flat, pattern, noise or 0.0)):
        pattern = None
    if pattern is not None:
        flat = flat - pattern.values
        flat -= smooth_surface(flat)
        tolerance = np.maximum(pattern.scatter / max(float(np.median(sample(pattern.scatter))), 1e-3), 1)
    smoothed, sigma = smoothed_levels(flat, tolerance)
    flat = without_dark_edges(flat - drift(flat, np.abs(smoothed) > _LOW_SIGMAS * sigma))
    pitch = pattern.pitch if pattern is not None and pattern.is_clear else 0.0
    return Levelled(flat, tolerance, pitch, shading, rest)


def _leaves_noise(flat: Plane, pattern: Pattern, noise: float) -> bool:
    """Return whether an image varies less without a pattern, and within small cells little more than noise.

    Where the structure is the defect, something in it always seems to repeat, but not in every cell.
    """
    left = _smoothed_spread(flat - pattern.values)
    if left > _MOST_LEFT * max(noise, _LEAST_NOISE):
        return False
    return left < _LEAST_REDUCTION * _smoothed_spread(flat)


def _smoothed_spread(flat: Plane) -> float:
    return local_spread(np.asarray(ndimage.gaussian_filter(flat, _SMOOTHING_PIXELS, truncate=3)))


def _outstanding(flat: Plane, tolerance: Plane | None, noise: float | None) -> Flags:
    """Return the regions that exceed the thresholds, with holes filled.

    If the noise is given, and there is much of it and little else, regions count that only exceed them as a
    whole.
    """
    smoothed, sigma = smoothed_levels(flat, tolerance)
    body = _hysteresis(np.abs(smoothed), sigma, _HIGH_SIGMAS, _LEAST_SHARE_OF_PEAK)
    noise = noise or 0.0
    if noise >= _STRONG_NOISE and local_spread(smoothed) < _NEARLY_WHITE * noise:
        body |= _broad_regions(smoothed, body)
    if not body.any():
        return body
    around = _box_of(body, _JOINED_PIXELS + 1)
    body[around] = _filled(_closed(body[around]))
    return body


def _broad_regions(smoothed: Plane, found: Flags) -> Flags:
    """Return the regions that exceed the thresholds after averaging, apart from those that were found."""
    broad = ndimage.gaussian_filter(reduced(smoothed, 2), _BROAD_PIXELS / 2, truncate=3)
    median, sigma = median_and_spread(broad)
    half = _hysteresis(np.abs(broad - np.float32(median)), sigma, _BROAD_SIGMAS, _BROAD_SHARE_OF_PEAK)
    regions = np.zeros(smoothed.shape, bool)
    if not half.any():
        return regions
    rows, columns = 2 * half.shape[0], 2 * half.shape[1]
    regions[:rows, :columns] = half.repeat(2, axis=0).repeat(2, axis=1)
    labels, count = ndimage.label(regions, np.ones((3, 3), bool))
    apart = np.ones(count + 1, bool)
    apart[labels[ndimage.maximum_filter(found, 2 * _APART_PIXELS + 1)]] = False
    apart[0] = False
    return np.asarray(apart[labels])


def _hysteresis(level: Plane, sigma: float, high: float, share: float) -> Flags:
    """Return the regions above the low threshold that reach the high one, and a share of their own peak."""
    strong = level > high * sigma
    if not strong.any():
        return np.asarray(strong)
    weak = level > _LOW_SIGMAS * sigma
    labels, count = ndimage.label(weak, np.ones((3, 3), bool))
    peaks = np.zeros(count + 1, np.float32)
    np.maximum.at(peaks, labels[strong], level[strong])
    peaks[0] = 0
    places = np.flatnonzero(weak)
    peak = peaks[labels.ravel()[places]]
    # Parts that are far weaker than the defect are its glow or shadow.
    body = np.zeros(level.shape, bool)
    body.ravel()[places] = (peak > 0) & (level.ravel()[places] > share * peak)
    return body


def _box_of(mask: Flags, margin: int) -> tuple[slice, slice]:
    """Return the smallest box around a mask, with a margin inside the image; empty for an empty mask."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return slice(0), slice(0)
    return (
        slice(max(0, int(rows[0]) - margin), int(rows[-1]) + 1 + margin),
        slice(max(0, int(columns[0]) - margin), int(columns[-1]) + 1 + margin),
    )


def smoothed_levels(flat: Plane, tolerance: Plane | None) -> tuple[Plane, float]:
    """Return how far each smoothed pixel is from the median, and the robust standard deviation of that.

    Parameters
    ----------
    flat, tolerance : (height, width) float32
        As in `Levelled`.
    """
    smooth = ndimage.gaussian_filter(
        flat if tolerance is None else flat / tolerance, _SMOOTHING_PIXELS, truncate=3
    )
    median, sigma = median_and_spread(smooth)
    # A film on a third of the image increases the spread of the whole, but not that within small cells.
    sigma = max(min(sigma, _MOST_TIMES_LOCAL_SPREAD * local_spread(smooth)), _LEAST_SIGMA)
    sigma *= _PATTERN_FACTOR if tolerance is not None else 1
    return np.asarray(smooth - np.float32(median)), sigma


def _closed(mask: Flags) -> Flags:
    """Return a mask closed by 5 x 5, which joins bright and dark parts; the image border stays open."""
    padded = np.pad(mask, _JOINED_PIXELS).astype(np.uint8)
    side = 2 * _JOINED_PIXELS + 1
    grown = ndimage.maximum_filter(padded, size=side, mode="constant")
    shrunk = ndimage.minimum_filter(grown, size=side, mode="constant")
    return np.asarray(shrunk[_JOINED_PIXELS:-_JOINED_PIXELS, _JOINED_PIXELS:-_JOINED_PIXELS] > 0)


def _filled(mask: Flags) -> Flags:
    """Return a mask with its holes filled: background regions that do not reach the image border."""
    regions, count = ndimage.label(~mask)
    open_ones = np.zeros(count + 1, bool)
    for edge in (regions[0], regions[-1], regions[:, 0], regions[:, -1]):
        open_ones[edge] = True
    open_ones[0] = False
    return np.asarray(~open_ones[regions], bool)


def ellipse_of(mask: Flags) -> tuple[float, float]:
    """Return aspect ratio and orientation of a (height, width) mask from its second moments.

    The orientation is in degrees, anticlockwise from horizontal.
    """
    rows, columns = np.nonzero(mask)
    y, x = rows - rows.mean(), columns - columns.mean()
    # A pixel is a square, not a point: its own second moment is 1/12.
    yy, xx, xy = float((y * y).mean()) + 1 / 12, float((x * x).mean()) + 1 / 12, float((x * y).mean())
    root = sqrt((xx - yy) ** 2 / 4 + xy * xy)
    middle = (xx + yy) / 2
    aspect = sqrt((middle + root) / max(middle - root, 1 / 12))
    orientation = degrees(0.5 * atan2(-2 * xy, xx - yy))
    return aspect, 90.0 if orientation <= -90 else orientation
