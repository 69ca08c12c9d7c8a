"""The block `zernike`: rotation-invariant Zernike moments of an image on a disc.

Source: A. Khotanzad, Y. H. Hong, "Invariant image recognition by Zernike moments", IEEE Trans.
Pattern Analysis and Machine Intelligence 12 (1990). The disc is centred on
the image, so all images of one size share a basis, and the moments of a batch are one matrix product.
"""

from __future__ import annotations

from functools import cache
from math import factorial, pi

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Floats, Integers, Pixels
from defect_workbench.core.clustering.feature_blocks import ZERNIKE
from defect_workbench.engine.features.block import Block, Input

DEGREE = 8
IDENTITY = f"degree-{DEGREE}-picture-centre-v1"


def orders(degree: int = DEGREE) -> list[tuple[int, int]]:
    """Return the pairs (n, l) with n - l even, in mahotas's order."""
    return [(n, l) for n in range(degree + 1) for l in range(n + 1) if (n - l) % 2 == 0]  # noqa: E741


@cache
def _basis(height: int, width: int, radius: float, degree: int) -> tuple[Integers, Floats]:
    """Return the flat indices of the pixels in the disc, and conj(V_nl) there: real, then imaginary parts."""
    rows, columns = np.mgrid[:height, :width].astype(np.float64)
    y = ((rows - (height - 1) / 2) / radius).ravel()
    x = ((columns - (width - 1) / 2) / radius).ravel()
    rho = np.hypot(x, y)
    inside = np.flatnonzero(rho <= 1.0)
    rho, theta = rho[inside], np.arctan2(y[inside], x[inside])
    functions = []
    for n, order in orders(degree):
        radial = np.zeros_like(rho)
        for m in range((n - order) // 2 + 1):
            coefficient = (
                (-1) ** m
                * factorial(n - m)
                / (factorial(m) * factorial((n - 2 * m + order) // 2) * factorial((n - 2 * m - order) // 2))
            )
            radial += coefficient * rho ** (n - 2 * m)
        functions.append((n + 1) / pi * radial * np.exp(-1j * order * theta))
    stacked = np.stack(functions, axis=1)
    return inside, np.concatenate([stacked.real, stacked.imag], axis=1)


def zernike(grey: Pixels, radius: float | None = None, degree: int = DEGREE) -> NDArray[np.float32]:
    """Return the magnitudes of the Zernike moments of a batch of images of one size.

    Each image is divided by the sum of its pixels in the disc, so that the values do not depend on
    brightness.

    Parameters
    ----------
    grey : (n, height, width) uint8
    radius : float, optional
        Radius of the disc, in pixels; default: half the shorter side.
    degree : int
        Highest order n.

    Returns
    -------
    (n, 25) float32 for degree 8
        0 for an image that is black inside the disc.
    """
    count, height, width = grey.shape
    inside, basis = _basis(height, width, radius or min(height, width) / 2, degree)
    pixels = grey.reshape(count, -1)[:, inside].astype(np.float64)
    sums = pixels.sum(axis=1, keepdims=True)
    moments = (pixels @ basis) / np.where(sums > 0, sums, 1.0)
    real, imaginary = np.hsplit(moments, 2)
    result: NDArray[np.float32] = np.hypot(real, imaginary).astype(np.float32)
    return result


ENTRY = Block(
    name=ZERNIKE,
    label="Zernike moments",
    short_label="Zernike",
    version=IDENTITY,
    input=Input.GREY,
    function=zernike,
    batched=True,
    turn_invariant=True,
    weight_without_network=1.0,
)
