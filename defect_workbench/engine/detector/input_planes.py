"""The input of the detector: three planes per image, which show a difference from the reference as colour."""

from __future__ import annotations

import numpy as np
from PIL import Image

from defect_workbench.core.arrays import Pixels
from defect_workbench.engine.detection.reference_deviation import from_reference
from defect_workbench.engine.preprocessing.background import Plane, grey_of

_NEUTRAL, _PER_DEVIATION = 128, 8


def planes_of(pixels: Pixels, reference: Pixels | None, scale: float) -> Pixels:
    """Return the input of the detector for an image.

    Without a reference these are the colours of the image. With one, they are its grey levels and how far
    the image deviates from the reference, pixel by pixel and averaged: the pretrained network sees grey
    where both are equal and colours where they differ, at no cost over that of an image.

    Parameters
    ----------
    pixels : (height, width) or (height, width, 3) uint8
    reference : uint8 array, optional
        Of the same height and width.
    scale : float
        Factor by which the image is resized.

    Returns
    -------
    (rows, columns, 3) uint8
    """
    if reference is None:
        planes = pixels if pixels.ndim == 3 else np.repeat(pixels[:, :, None], 3, axis=2)
    else:
        grey = grey_of(pixels)
        deviation = from_reference(grey, grey_of(reference))
        fine, broad = (_as_colour(each, grey.shape) for each in (deviation.fine, deviation.broad))
        planes = np.stack([np.clip(np.rint(grey), 0, 255).astype(np.uint8), fine, broad], axis=2)
    return resized(planes, scale)


def resized(planes: Pixels, scale: float) -> Pixels:
    """Return planes, (height, width, 3), resized by a factor, smoothed before they are made smaller."""
    height, width = planes.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    if size == (width, height):
        return np.ascontiguousarray(planes)
    image = Image.fromarray(np.ascontiguousarray(planes))
    return np.asarray(image.resize(size, Image.Resampling.BILINEAR))


def _as_colour(deviation: Plane, shape: tuple[int, ...]) -> Pixels:
    """Return a deviation as uint8 at the size of the image; 128 means no deviation."""
    levels = np.clip(np.rint(_NEUTRAL + _PER_DEVIATION * deviation), 0, 255).astype(np.uint8)
    if levels.shape == shape:
        return levels
    enlarged = Image.fromarray(levels).resize((shape[1], shape[0]), Image.Resampling.BILINEAR)
    return np.asarray(enlarged)
