"""Preprocessing of an image: info bar, noise, background, common pixel size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from defect_workbench.core.arrays import Pixels
from defect_workbench.core.images.preprocessing_steps import Background, Denoise, Preprocessing
from defect_workbench.engine.preprocessing.background import (
    estimate_noise,
    grey_of,
    large_scale_median,
    smooth_surface,
)
from defect_workbench.engine.preprocessing.periodic_pattern import find_pattern
from defect_workbench.engine.preprocessing.resize import SIZE

__all__ = ["IDENTITY", "estimate_noise", "process", "without_background"]

IDENTITY = "v1"


def process(
    pixels: Pixels, processing: Preprocessing, *, bar_rows: int = 0, pixel_size_nm: float | None = None
) -> Pixels:
    """Return an image after preprocessing.

    Parameters
    ----------
    pixels : (height, width) or (height, width, 3) uint8
    processing : Preprocessing
    bar_rows : int
        Rows to crop at the bottom; see `info_bar.rows_to_leave_out`.
    pixel_size_nm : float, optional
        Pixel size of `pixels`; if it is unknown, the image is not rescaled.

    Returns
    -------
    (height, width) or (height, width, 3) uint8
        The same array if there is nothing to do; (224, 224[, 3]) if rescaled.
    """
    if bar_rows:
        pixels = np.ascontiguousarray(pixels[: pixels.shape[0] - bar_rows])
    if processing.denoise != "none":
        pixels = denoised(pixels, processing.denoise)
    if processing.background != "none":
        pixels = without_background(pixels, processing.background)
    if processing.rescale_nm is not None and pixel_size_nm is not None:
        pixels = rescaled(pixels, pixel_size_nm / processing.rescale_nm)
    return pixels


def denoised(pixels: Pixels, method: Denoise) -> Pixels:
    """Return an image after a 3 x 3 median filter, or non-local means with a strength that follows the noise.

    Source of non-local means: A. Buades, B. Coll, J.-M. Morel, "A non-local algorithm for image denoising",
    CVPR (2005), as implemented by scikit-image.

    Parameters
    ----------
    pixels : (height, width) or (height, width, 3) uint8
    method : "none", "median" or "nlm"

    Returns
    -------
    (height, width) or (height, width, 3) uint8
    """
    if method == "none":
        return pixels
    if method == "median":
        size = (3, 3) if pixels.ndim == 2 else (3, 3, 1)
        return np.asarray(ndimage.median_filter(pixels, size=size, mode="nearest"), np.uint8)
    from skimage.restoration import denoise_nl_means

    sigma = estimate_noise(pixels)
    if sigma <= 0:
        return pixels
    smooth = denoise_nl_means(
        pixels.astype(np.float32),
        patch_size=5,
        patch_distance=6,
        h=0.8 * sigma,
        sigma=sigma,
        fast_mode=True,
        channel_axis=-1 if pixels.ndim == 3 else None,
    )
    return _to_uint8(smooth)


def without_background(pixels: Pixels, method: Background) -> Pixels:
    """Return an image with its large-scale median, plane or periodic pattern subtracted.

    The mean level is kept. The background is computed from the luma, so that differences between channels are
    kept.

    Parameters
    ----------
    pixels : (height, width) or (height, width, 3) uint8
    method : "none", "median", "plane" or "periodic"

    Returns
    -------
    (height, width) or (height, width, 3) uint8
    """
    if method == "none":
        return pixels
    grey = grey_of(pixels)
    if method == "median":
        background = large_scale_median(grey)
    elif method == "plane":
        background = smooth_surface(grey, degree=1)
    else:
        pattern = find_pattern(grey - smooth_surface(grey))
        if pattern is None:
            return pixels
        background = pattern.values
    background = background - np.float32(np.mean(background))
    return _to_uint8(pixels - (background if pixels.ndim == 2 else background[..., None]))


def rescaled(pixels: Pixels, factor: float) -> Pixels:
    """Return the centre of an image at another scale, in the input size of the features.

    If the field of view is too small, it is padded with the median of its border.

    Parameters
    ----------
    pixels : (height, width) or (height, width, 3) uint8
    factor : float
        New pixels per old pixel.

    Returns
    -------
    (224, 224) or (224, 224, 3) uint8
    """
    height, width = pixels.shape[:2]
    # Crop first: enlarging the whole image could take any amount of memory.
    field = SIZE / factor
    top, left = max(0.0, (height - field) / 2), max(0.0, (width - field) / 2)
    box = (left, top, width - left, height - top)
    size = (_side((box[2] - box[0]) * factor), _side((box[3] - box[1]) * factor))
    image = Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR, box=box)
    small = np.asarray(image)
    edge = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
    padding = np.median(edge, axis=0).astype(np.uint8)
    result = np.empty((SIZE, SIZE, *pixels.shape[2:]), np.uint8)
    result[...] = padding
    y, x = (SIZE - size[1]) // 2, (SIZE - size[0]) // 2
    result[y : y + size[1], x : x + size[0]] = small
    return result


def _side(length: float) -> int:
    return min(SIZE, max(1, round(length)))


def _to_uint8(values: NDArray[np.floating]) -> Pixels:
    result: Pixels = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return result
