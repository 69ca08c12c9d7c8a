"""The block `outline`: Zernike moments of the largest defect's mask.

Unlike the moments of the whole image, they do not depend on the background or on the defect's position and
size.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Flags
from defect_workbench.core.clustering.feature_blocks import OUTLINE
from defect_workbench.engine.features.block import Block, Input
from defect_workbench.engine.features.blocks.zernike import DEGREE, orders, zernike

SIDE = 64
IDENTITY = f"mask-{SIDE}-degree-{DEGREE}-v1"


def outline(mask: Flags) -> NDArray[np.float32]:
    """Return the Zernike magnitudes of a mask on the smallest disc around its centroid that contains it.

    Parameters
    ----------
    mask : (height, width) bool
        The pixels of the largest defect.

    Returns
    -------
    (25,) float32
        0 for an empty mask.
    """
    from scipy import ndimage

    rows, columns = np.nonzero(mask)
    if not len(rows):
        return np.zeros(len(orders()), np.float32)
    y, x = float(rows.mean()), float(columns.mean())
    radius = max(float(np.hypot(rows - y, columns - x).max()) + 0.5, 1.5)
    step = 2 * radius / SIDE
    offsets = (np.arange(SIDE) - (SIDE - 1) / 2) * step
    top, left = int(rows.min()), int(columns.min())
    part = mask[top : rows.max() + 1, left : columns.max() + 1].astype(np.float32)
    if step > 1:
        # Without smoothing, thin scratches would fall between the samples.
        reach = int(np.ceil(2 * step))
        part, top, left = np.pad(part, reach), top - reach, left - reach
        part = ndimage.gaussian_filter(part, step / 2.5, truncate=3)
    axes = np.stack(np.meshgrid(offsets + y - top, offsets + x - left, indexing="ij"))
    sampled = ndimage.map_coordinates(part, axes, order=1, mode="constant")
    moments: NDArray[np.float32] = zernike(np.rint(sampled * 255).astype(np.uint8)[None])[0]
    return moments


ENTRY = Block(
    name=OUTLINE,
    label="Outline of the defect",
    short_label="Outline",
    version=IDENTITY,
    input=Input.MASK,
    function=outline,
    turn_invariant=True,
    optional=True,
)
