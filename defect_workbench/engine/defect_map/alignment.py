"""Alignment of a reference to an image, to a fraction of a pixel."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from defect_workbench.engine.preprocessing.background import Plane

# A stage is accurate to a few per cent of the field of view; a periodic pattern fits at larger shifts, too.
_FARTHEST = 0.06
_PARTS = 10
_NOTEWORTHY = 0.05
_BETTER = 0.98
_EDGE = 0.1


def aligned(reference: Plane, image: Plane) -> Plane:
    """Return a reference moved onto an image of the same layout.

    The shift maximises the phase correlation (M. Guizar-Sicairos, S. T. Thurman, J. R. Fienup, "Efficient
    subpixel image registration algorithms", Optics Letters 33, 2008) and is used only if the two then differ
    less. Pixels from outside the reference repeat its border.

    Parameters
    ----------
    reference, image : (height, width) float32
        Of the same shape.

    Returns
    -------
    (height, width) float32
    """
    from skimage.registration import phase_cross_correlation

    if min(image.shape) < 16:
        return reference
    taper = np.outer(*(np.hanning(side) for side in image.shape)).astype(np.float32)
    pair = [(plane - plane.mean()) * taper for plane in (image, reference)]
    if not all(np.abs(plane).max() > 1e-3 for plane in pair):
        return reference
    shift = phase_cross_correlation(  # type: ignore[no-untyped-call]
        *pair, upsample_factor=_PARTS, normalization=None
    )[0]
    limits = [_FARTHEST * side for side in image.shape]
    if any(abs(by) > limit for by, limit in zip(shift, limits, strict=True)) or not np.abs(shift).max() > (
        _NOTEWORTHY
    ):
        return reference
    moved = np.asarray(ndimage.shift(reference, shift, order=1, mode="nearest"), np.float32)
    return moved if _misfit(moved, image) < _BETTER * _misfit(reference, image) else reference


def _misfit(reference: Plane, image: Plane) -> float:
    """Return the mean absolute difference of the middle of two images, each less its mean."""
    inner = tuple(slice(round(_EDGE * side), side - round(_EDGE * side)) for side in image.shape)
    one, other = image[inner], reference[inner]
    return float(np.abs((one - one.mean()) - (other - other.mean())).mean())
