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
_NONE = (0.0, 0.0)


def aligned(reference: Plane, image: Plane) -> Plane:
    """Return a reference moved onto an image of the same layout by `shift_between`.

    Pixels from outside the reference repeat its border.

    Parameters
    ----------
    reference, image : (height, width) float32
        Of the same shape.

    Returns
    -------
    (height, width) float32
    """
    shift = shift_between(reference, image)
    return _moved(reference, shift) if any(shift) else reference


def shift_between(reference: Plane, image: Plane) -> tuple[float, float]:
    """Return how far a reference must be moved down and right to lie on an image of the same layout.

    The shift maximises the phase correlation (M. Guizar-Sicairos, S. T. Thurman, J. R. Fienup, "Efficient
    subpixel image registration algorithms", Optics Letters 33, 2008) and is used only if the two then differ
    less.

    Parameters
    ----------
    reference, image : (height, width) float32
        Of the same shape.

    Returns
    -------
    tuple of float
        Rows and columns, in tenths of a pixel; zeros if no shift improves the fit.
    """
    from skimage.registration import phase_cross_correlation

    if min(image.shape) < 16:
        return _NONE
    taper = np.outer(*(np.hanning(side) for side in image.shape)).astype(np.float32)
    pair = [(plane - plane.mean()) * taper for plane in (image, reference)]
    if not all(np.abs(plane).max() > 1e-3 for plane in pair):
        return _NONE
    rows, columns = phase_cross_correlation(  # type: ignore[no-untyped-call]
        *pair, upsample_factor=_PARTS, normalization=None
    )[0]
    shift = (float(rows), float(columns))
    limits = [_FARTHEST * side for side in image.shape]
    if any(abs(by) > limit for by, limit in zip(shift, limits, strict=True)) or not (
        max(map(abs, shift)) > _NOTEWORTHY
    ):
        return _NONE
    better = _misfit(_moved(reference, shift), image) < _BETTER * _misfit(reference, image)
    return shift if better else _NONE


def _moved(reference: Plane, shift: tuple[float, float]) -> Plane:
    return np.asarray(ndimage.shift(reference, shift, order=1, mode="nearest"), np.float32)


def _misfit(reference: Plane, image: Plane) -> float:
    """Return the mean absolute difference of the middle of two images, each less its mean."""
    inner = tuple(slice(round(_EDGE * side), side - round(_EDGE * side)) for side in image.shape)
    one, other = image[inner], reference[inner]
    return float(np.abs((one - one.mean()) - (other - other.mean())).mean())
