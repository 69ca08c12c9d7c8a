"""Deviation of an image from its golden reference, judged against the noise of both."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from defect_workbench.core.arrays import Flags
from defect_workbench.engine.defect_map.residuals import smooth
from defect_workbench.engine.detection.contrast import with_contrast_of, with_tones_of
from defect_workbench.engine.detection.deviation import Deviation
from defect_workbench.engine.detection.local_registration import registered
from defect_workbench.engine.preprocessing.background import (
    Plane,
    drift,
    enlarged,
    local_spread,
    median_and_spread,
    smooth_surface,
)
from defect_workbench.engine.preprocessing.periodic_pattern import reduced, step_of

# Larger images are averaged over squares of pixels first: what edges wander grows with their pixels.
LARGEST = 1024
# In grey levels after smoothing; below, it is the rounding of grey levels and compression.
_LEAST_NOISE = 1.0
# Edges are compared within one pixel around, and may wander by a further part of their height.
_EDGE, _AROUND = 7, 17
_UNSTEADY = 0.08
_STEEP, _LITTLE = 4.0, 0.1
_QUANTILE, _TO_SIGMA = 0.995, 2.81
_TAIL = 2.0
_MOST_WANDER, _MOST_RINGING = 0.12, 0.05
_FEWEST_EDGES = 50
_BLOCK, _FEWEST_BLOCKS, _MOST_BLOCKS = 48, 4, 0.9
# What lies at the border depends on what is just outside.
_FRAME = 3
_ANY = np.ones((3, 3), bool)
_OUTLYING = 4.0
_WIDER = 1.4
_BROAD = 4.0
_LEAST_SHARE = 0.25


def from_reference(image: Plane, reference: Plane) -> Deviation:
    """Return how far an image is from its golden reference, registered and with the same contrast.

    A pixel counts only as far as it is outside the range of the reference within one pixel around it, as in
    die-to-die inspection. What is left along edges of the layout shows how far edges wander between the two,
    as a share of the height of the edge; the same share is allowed as a further standard deviation at each
    edge.

    Parameters
    ----------
    image, reference : (height, width) float32
        Of the same shape, in grey levels.

    Returns
    -------
    Deviation
    """
    step = step_of(image.shape, LARGEST)
    image, reference = reduced(image, step), reduced(reference, step)
    # Shading would be mistaken for a difference in contrast.
    image = image - smooth_surface(image - with_contrast_of(image, reference))
    level = smooth(image)
    moved, inside = registered(with_contrast_of(image, reference), image)
    expected = with_contrast_of(level, smooth(moved))
    edge = _range(expected, _EDGE)
    flat = edge < max(_STEEP * _noise(level - expected), _LITTLE * float(edge.max()))
    expected = with_tones_of(level, expected, flat)
    difference = level - expected
    noise = _noise(difference)
    slow = drift(difference, np.abs(difference) > _OUTLYING * noise)
    level, difference = level - slow, difference - slow
    noise = _noise(difference)
    edge, around = _range(expected, _EDGE), _range(expected, _AROUND)
    outside = _outside(level, expected, 1, noise)
    steep = edge > _STEEP * noise
    wander = _shares(outside, edge, steep, noise)
    unsteady = wander > _UNSTEADY
    if unsteady.any():
        outside = np.where(unsteady, _outside(level, expected, 2, noise), outside)
    beside = (around > _STEEP * noise) & (edge < around / 2)
    ringing = np.minimum(_shares(difference, around, beside, noise), _MOST_RINGING) * around
    chance = np.hypot(np.minimum(wander, _MOST_WANDER) * edge, ringing)
    fine = outside / np.hypot(np.float32(noise), chance)
    # Averages are taken without any tolerance.
    chance = np.hypot(_shares(difference, edge, steep, noise) * edge, ringing)
    visible = ndimage.binary_erosion(inside, _ANY, _FRAME)
    fine[~visible] = 0
    broad = _averaged(difference, chance, noise, visible)
    return Deviation(np.asarray(fine, np.float32), broad, np.abs(outside), level, expected, step)


def _range(expected: Plane, side: int) -> Plane:
    """Return the difference between the brightest and darkest pixel in a square around each pixel."""
    highest = ndimage.maximum_filter(expected, side, mode="nearest")
    return np.asarray(highest - ndimage.minimum_filter(expected, side, mode="nearest"), np.float32)


def _noise(difference: Plane) -> float:
    """Return the standard deviation of the noise; a film on a third of the image does not increase it."""
    spread = min(median_and_spread(difference)[1], _WIDER * local_spread(difference))
    return max(spread, _LEAST_NOISE)


def _outside(level: Plane, expected: Plane, reach: int, noise: float) -> Plane:
    """Return how far an image is outside the range of its reference within some pixels around.

    Noise widens that range by about its standard deviation even where the reference is flat.
    """
    side, widened = 2 * reach + 1, np.float32(noise)
    highest = np.maximum(ndimage.maximum_filter(expected, side, mode="nearest") - widened, expected)
    lowest = np.minimum(ndimage.minimum_filter(expected, side, mode="nearest") + widened, expected)
    above, below = level - highest, lowest - level
    return np.asarray(np.maximum(above, 0) - np.maximum(below, 0), np.float32)


def _shares(difference: Plane, height: Plane, used: Flags, noise: float) -> Plane:
    """Return the standard deviation of a difference beyond the noise, as a share of the height of edges.

    It is the larger of that of most blocks of the image and that of the blocks around each pixel, of which
    one may be filled by a defect.
    """
    # What a defect adds varies slowly; what an edge adds does not.
    slow = ndimage.gaussian_filter(difference, _BROAD, mode="nearest", truncate=2)
    difference = np.minimum(np.abs(difference), np.abs(difference - slow))
    beyond = np.sqrt(np.maximum(difference**2 - np.float32(_TO_SIGMA * noise) ** 2, 0))
    shares = beyond / np.maximum(height, np.float32(1e-3))
    grid = tuple(max(_FEWEST_BLOCKS, round(side / _BLOCK)) for side in height.shape)
    blocks = np.full(grid, np.nan, np.float32)
    tops, lefts = (
        np.linspace(0, side, number + 1).astype(np.intp)
        for side, number in zip(height.shape, grid, strict=True)
    )
    for row, column in np.ndindex(*grid):
        block = (slice(tops[row], tops[row + 1]), slice(lefts[column], lefts[column + 1]))
        values = shares[block][used[block]]
        if len(values) >= _FEWEST_EDGES:
            blocks[row, column] = np.quantile(values, _QUANTILE)
    known = np.isfinite(blocks)
    if not known.any():
        return np.zeros_like(height)
    common = np.quantile(blocks[known], _MOST_BLOCKS)
    local = ndimage.median_filter(np.where(known, blocks, common), 3, mode="nearest")
    return enlarged(np.maximum(local, common) * np.float32(_TAIL / _TO_SIGMA), height.shape)


def _averaged(difference: Plane, chance: Plane, noise: float, visible: Flags) -> Plane:
    """Return the difference averaged over some pixels, edges counting less, in its own standard deviations.

    What edges wander is the same along an edge, so that averaging does not reduce it.
    """
    weight = np.float32(noise**2) / (np.float32(noise**2) + chance**2) * visible
    values, tolerance, share = (
        ndimage.gaussian_filter(plane, _BROAD, mode="nearest", truncate=3)
        for plane in (difference * weight, chance * weight, weight)
    )
    share = np.maximum(share, np.float32(1e-3))
    mean = np.asarray(values / share, np.float32)
    median, spread = median_and_spread(mean)
    spread = max(min(spread, _WIDER * local_spread(mean)), _LEAST_NOISE / 2)
    deviation = (mean - np.float32(median)) / np.hypot(np.float32(spread), tolerance / share)
    return np.asarray(np.where(share > _LEAST_SHARE, deviation, 0), np.float32)
