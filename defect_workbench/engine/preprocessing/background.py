"""Background models of an image: smooth surface, drift, large-scale median; and its noise.

Images (`Plane`) are float32, (height, width), in grey levels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from defect_workbench.core.arrays import Flags, Floats, Pixels

Plane = NDArray[np.float32]

_LAPLACIAN = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
_TO_SIGMA = 1.4826
_CELLS = 32
_EDGE = 0.06
_ROUNDS = 12
_MEDIAN_SHARE = 0.5
_SAMPLE = 12_000


def grey_of(pixels: Pixels) -> Plane:
    """Return the luma (ITU-R BT.601) of an image.

    Parameters
    ----------
    pixels : (height, width) or (height, width, 3) uint8

    Returns
    -------
    (height, width) float32
    """
    if pixels.ndim == 3:
        return np.asarray(pixels @ np.array([0.299, 0.587, 0.114], np.float32), np.float32)
    return pixels.astype(np.float32)


def sample(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return every n-th value, 10,000 or so in all, which is enough for a median.

    Parameters
    ----------
    values : array of any shape

    Returns
    -------
    (k,) array of the same dtype
    """
    flat = values.ravel()
    # An odd step that does not divide the row length samples all columns.
    step = max(1, len(flat) // _SAMPLE) | 1
    while step > 1 and values.shape[-1] % step == 0:
        step += 2
    return flat[::step]


def median(values: NDArray[np.floating]) -> float:
    """Return the median, bit-identical to NumPy's, which takes twice as long for short arrays.

    Parameters
    ----------
    values : array of any shape
        Not empty, without NaN.
    """
    flat = values.ravel()
    middle = len(flat) // 2
    upper = np.partition(flat, middle)
    if len(flat) % 2:
        return float(upper[middle])
    return float((upper[:middle].max() + upper[middle]) / flat.dtype.type(2))


def median_and_spread(values: NDArray[np.floating]) -> tuple[float, float]:
    """Return the median, and the standard deviation estimated from the median absolute deviation.

    Parameters
    ----------
    values : array of any shape
        A sample of about 10,000 values is used.
    """
    sampled = sample(values)
    middle = median(sampled)
    return middle, _TO_SIGMA * median(np.abs(sampled - middle))


def estimate_noise(pixels: Pixels) -> float:
    """Return the standard deviation of the pixel noise, in grey levels.

    Source: J. Immerkær, "Fast noise variance estimation", Computer Vision and Image Understanding 64
    (1996): a mask with almost no response to edges and slopes. The median absolute response replaces the
    mean, so that texture and defects count less.

    Parameters
    ----------
    pixels : (height, width) or (height, width, 3) uint8
    """
    return noise_of(grey_of(pixels))


def noise_of(grey: Plane) -> float:
    """Return `estimate_noise` of a (height, width) float32 image; 0 below 3 x 3 pixels."""
    if min(grey.shape) < 3:
        return 0.0
    # The mask is the second difference along one axis of the second difference along the other.
    across = grey[:, :-2] - 2 * grey[:, 1:-1] + grey[:, 2:]
    response = across[:-2] - 2 * across[1:-1] + across[2:]
    level = median(np.abs(sample(response))) * _TO_SIGMA / 6
    # With grey levels coarser than the noise, more than half of the responses are 0: use their share.
    return level if level > 0 else min(0.3, float((response != 0).mean()))


def cells(values: Plane) -> Plane:
    """Return the means over a grid of cells.

    Rows and columns left over at the bottom and right are ignored.

    Parameters
    ----------
    values : (height, width) float32

    Returns
    -------
    (rows, columns) float32
        32 to 63 cells along each side; fewer for images with fewer pixels.
    """
    height, width = values.shape
    tall, wide = max(1, height // _CELLS), max(1, width // _CELLS)
    rows, columns = height // tall, width // wide
    part = values[: rows * tall, : columns * wide].reshape(rows, tall, columns, wide)
    return np.asarray(part.mean(axis=(1, 3)), dtype=np.float32)


def local_spread(values: Plane) -> float:
    """Return the median of the standard deviations within cells of a sixteenth of the shorter side.

    Parameters
    ----------
    values : (h, w) float32
    """
    side = max(8, min(values.shape) // 16)
    rows, columns = values.shape[0] // side, values.shape[1] // side
    if not rows or not columns:
        return float(values.std())
    part = values[: rows * side, : columns * side].reshape(rows, side, columns, side)
    mean = part.mean(axis=(1, 3))
    square = np.einsum("abcd,abcd->ac", part, part) / np.float32(side * side)
    return float(np.sqrt(np.median(np.maximum(square - mean * mean, 0))))


def enlarged(coarse: Plane, shape: tuple[int, ...]) -> Plane:
    """Return a grid of cells enlarged to the size of an image by bilinear interpolation.

    Parameters
    ----------
    coarse : (rows, columns) float32
    shape : tuple of int
        Height and width of the result.

    Returns
    -------
    (height, width) float32
    """
    image = Image.fromarray(coarse).resize((shape[1], shape[0]), Image.Resampling.BILINEAR)
    return np.asarray(image, dtype=np.float32)


def _axes(shape: tuple[int, ...]) -> tuple[Plane, Plane]:
    rows, columns = (np.linspace(1 / n - 1, 1 - 1 / n, n, dtype=np.float32) for n in shape[:2])
    return rows[:, None], columns[None, :]


def smooth_surface(values: Plane, degree: int = 2) -> Plane:
    """Return the plane (degree 1) or quadratic surface (degree 2) that fits the background of an image.

    It is fitted to the means of cells with Tukey's biweight (A. E. Beaton, J. W. Tukey, Technometrics 16,
    1974), so that defects on less than about half of the image do not bend it.

    Parameters
    ----------
    values : (height, width) float32
    degree : int
        1 or 2.

    Returns
    -------
    (height, width) float32
    """
    coarse = cells(values)
    y, x = _axes(coarse.shape)
    one = np.ones_like(coarse)
    terms = [one, one * x, one * y] + ([one * x * x, one * y * y, x * y] if degree == 2 else [])
    design = np.stack([term.ravel() for term in terms], axis=1).astype(np.float64)
    target = coarse.ravel().astype(np.float64)
    if len(target) < 2 * len(terms):
        return np.full(values.shape, median(values), np.float32)
    # Start from the median: with least squares, a large defect would bend the first estimate.
    deviation = target - median(target)
    coefficients: Floats = np.zeros(len(terms))
    for _ in range(_ROUNDS):
        scale = 4.7 * max(_TO_SIGMA * median(np.abs(deviation)), 1e-3)
        weights = np.clip(1 - (deviation / scale) ** 2, 0, None) ** 2 + 1e-6
        weighted = design * weights[:, None]
        system = weighted.T @ design + 1e-9 * np.eye(len(terms))
        updated = np.asarray(np.linalg.solve(system, weighted.T @ target), np.float64)
        moved = float(np.abs(updated - coefficients).max())
        coefficients = updated
        deviation = target - design @ coefficients
        if moved < 0.01:
            break
    c = coefficients.astype(np.float32)
    y, x = _axes(values.shape)
    surface = c[0] + c[1] * x + c[2] * y
    if degree == 2:
        surface = surface + c[3] * x * x + c[4] * y * y + c[5] * (x * y)
    return np.asarray(surface, dtype=np.float32)


def drift(values: Plane, excluded: Flags) -> Plane:
    """Return the remaining slow variation: a smooth mean over an eighth of the image, without defects.

    Parameters
    ----------
    values : (height, width) float32
    excluded : (height, width) bool
        Pixels to ignore.

    Returns
    -------
    (height, width) float32
    """
    keep = cells((~excluded).astype(np.float32))
    sums = cells(np.where(excluded, np.float32(0), values))
    reach = tuple(max(1.0, n / 8) for n in keep.shape)
    weight = ndimage.gaussian_filter(keep, reach, mode="nearest")
    total = ndimage.gaussian_filter(sums, reach, mode="nearest")
    return enlarged(np.asarray(total / np.maximum(weight, 1e-3), np.float32), values.shape)


def without_dark_edges(values: Plane) -> Plane:
    """Return a levelled image with the median of each row and column near the border subtracted.

    Scans often start and end darker or brighter, too abruptly for a smooth surface to follow.

    Parameters
    ----------
    values : (height, width) float32

    Returns
    -------
    (height, width) float32
    """
    result = values.copy()
    for view in (result, result.T):
        reach = round(_EDGE * len(view))
        for part in (view[:reach], view[len(view) - reach :]):
            if len(part):
                part -= np.median(part, axis=1, keepdims=True)
    return result


def large_scale_median(values: Plane) -> Plane:
    """Return the median over half the height and width around each pixel, computed on a grid of cells.

    Parameters
    ----------
    values : (height, width) float32

    Returns
    -------
    (height, width) float32
    """
    coarse = cells(values)
    size = tuple(max(3, round(n * _MEDIAN_SHARE) | 1) for n in coarse.shape)
    middle = ndimage.median_filter(coarse, size=size, mode="reflect")
    smooth = ndimage.gaussian_filter(middle, tuple(n / 8 for n in size), mode="nearest")
    return enlarged(np.asarray(smooth, np.float32), values.shape)
