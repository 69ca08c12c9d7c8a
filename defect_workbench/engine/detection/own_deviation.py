"""Deviation of an image from its own background, where there is no golden reference."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from defect_workbench.engine.defect_map.residuals import smooth
from defect_workbench.engine.detection.deviation import Deviation
from defect_workbench.engine.measurement.defects import levelled_of, smoothed_levels
from defect_workbench.engine.preprocessing.background import Plane, local_spread, median_and_spread
from defect_workbench.engine.preprocessing.periodic_pattern import reduced, step_of

# Larger images are averaged over squares of pixels first.
LARGEST = 1024
_BROAD = 4.0
_WIDER = 1.4
# In grey levels: dark corners remain after the smooth surface is subtracted.
_LEAST_SIGMA = 1.3


def from_itself(image: Plane) -> Deviation:
    """Return how far an image is from its smooth surface, periodic pattern and slow variations.

    Parameters
    ----------
    image : (height, width) float32
        In grey levels.

    Returns
    -------
    Deviation
    """
    step = step_of(image.shape, LARGEST)
    small = reduced(image, step)
    # A pattern under strong noise is only found after smoothing, which makes grains of a film stand out.
    levelled = levelled_of(smooth(small))
    if not levelled.pitch:
        levelled = levelled_of(small)
    smoothed, sigma = smoothed_levels(levelled.flat, levelled.tolerance)
    broad = ndimage.gaussian_filter(smoothed, _BROAD, truncate=3)
    median, spread = median_and_spread(broad)
    # What is left after smoothing is the deviation; the rest of the image is what is expected in it.
    expected = np.asarray(small - levelled.flat, np.float32)
    spread = max(min(spread, _WIDER * local_spread(broad)), _LEAST_SIGMA)
    return Deviation(
        smoothed / np.float32(sigma),
        np.asarray((broad - np.float32(median)) / np.float32(spread), np.float32),
        np.abs(smoothed),
        smoothed + expected,
        expected,
        step,
    )
