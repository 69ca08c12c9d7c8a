"""Pictures as the features should see them: info bar, scale, noise, background."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from defect_workbench.core.arrays import Pixels
from defect_workbench.core.images.preprocessing_steps import Background, Denoise, Processing
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
    pixels: Pixels, processing: Processing, *, bar_rows: int = 0, pixel_size_nm: float | None = None
) -> Pixels:
    """A picture as `processing` wants it.

    Parameters
    ----------
    pixels : (height, width) or (height, width, 3) uint8
    bar_rows : int
        Rows of the info bar at the bottom, as `engine.info_bar.rows_to_leave_out` says.
    pixel_size_nm : float, optional
        Of `pixels`; where it is not known the scale stays.

    Returns
    -------
    (height, width) or (height, width, 3) uint8
        The very same array where nothing is to be done.
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


def denoised(pixels: Pixels, way: Denoise) -> Pixels:
    """Median of 3 x 3, or non-local means with a strength that follows the noise.

    Source of the latter: A. Buades, B. Coll, J.-M. Morel, "A non-local algorithm for image denoising",
    CVPR (2005), as implemented by scikit-image.
    """
    if way == "none":
        return pixels
    if way == "median":
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


def without_background(pixels: Pixels, way: Background) -> Pixels:
    """The picture less its large-scale median, plane or repeating pattern; its mean level stays.

    Colours keep their differences: what is taken off is told from the luma.
    """
    if way == "none":
        return pixels
    grey = grey_of(pixels)
    if way == "median":
        ground = large_scale_median(grey)
    elif way == "plane":
        ground = smooth_surface(grey, degree=1)
    else:
        pattern = find_pattern(grey - smooth_surface(grey))
        if pattern is None:
            return pixels
        ground = pattern.values
    taken = ground - np.float32(np.mean(ground))
    return _to_uint8(pixels - (taken if pixels.ndim == 2 else taken[..., None]))


def rescaled(pixels: Pixels, factor: float) -> Pixels:
    """The middle of a picture at another scale, as a square of the size the features see.

    A field that is too small is surrounded by the median of its own edge.

    Parameters
    ----------
    factor : float
        New pixels for each old one.

    Returns
    -------
    (224, 224) or (224, 224, 3) uint8
    """
    height, width = pixels.shape[:2]
    # What will not be seen is cut off first: enlarging a whole picture could take any memory.
    seen = SIZE / factor
    top, left = max(0.0, (height - seen) / 2), max(0.0, (width - seen) / 2)
    box = (left, top, width - left, height - top)
    size = (_side((box[2] - box[0]) * factor), _side((box[3] - box[1]) * factor))
    image = Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR, box=box)
    small = np.asarray(image)
    edge = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
    ground = np.median(edge, axis=0).astype(np.uint8)
    result = np.empty((SIZE, SIZE, *pixels.shape[2:]), np.uint8)
    result[...] = ground
    y, x = (SIZE - size[1]) // 2, (SIZE - size[0]) // 2
    result[y : y + size[1], x : x + size[0]] = small
    return result


def _side(length: float) -> int:
    return min(SIZE, max(1, round(length)))


def _to_uint8(values: NDArray[np.floating]) -> Pixels:
    result: Pixels = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return result
