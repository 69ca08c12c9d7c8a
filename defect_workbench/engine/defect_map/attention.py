"""Statistics of an image's activations at its defect, which its map shows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from defect_workbench.core.arrays import Vectors

if TYPE_CHECKING:
    from torch import Tensor

# The share of the places that count, the strangest ones: 32 of 784.
_SHARE = 0.04
# A place counts for the maximum if it has at least this share of the largest weight.
_NOTEWORTHY = 0.1
# The maximum is less reliable than the mean: a single place decides.
_MAXIMUM = 0.7


def attention(grid: Vectors) -> Vectors:
    """Return weights of the places of a map, of sum 1.

    Only the strangest places count, in proportion to how far they exceed the others.

    Parameters
    ----------
    grid : array of float32
        A map of any shape.

    Returns
    -------
    array of float32 of the same shape
        Equal weights for a constant map.
    """
    count = min(max(2, math.ceil(_SHARE * grid.size)), grid.size)
    least = np.partition(grid, grid.size - count, axis=None)[grid.size - count]
    excess = np.maximum(grid - least, 0)
    # Many equal places leave nothing that exceeds them.
    weights = excess if excess.max() > 1e-9 else (grid >= least).astype(np.float32)
    return np.asarray(weights / weights.sum(), np.float32)


def difference(activations: Tensor, weights: Tensor, expected: Tensor | None = None) -> Tensor:
    """Return how the defect's activations differ from what is expected there.

    Parameters
    ----------
    activations : (tiles, channels, height, width) Tensor
        Of one image.
    weights : (tiles, side, side) float32 Tensor
        Weights of the places, of sum 1 over all tiles; side is a multiple of height and width.
    expected : Tensor of the shape of `activations`, optional
        Those of the reference; default: the mean of the image itself at every place.

    Returns
    -------
    (2 * channels,) float32 Tensor
        The weighted mean of the differences, and their maximum over the places of noteworthy weight. Of unit
        norm, or zeros if there is no difference.
    """
    import torch
    from torch.nn.functional import adaptive_avg_pool2d, normalize

    values = activations.float()
    coarse = adaptive_avg_pool2d(weights[:, None], (values.shape[-2], values.shape[-1]))
    coarse = coarse / coarse.sum()
    rest = values.mean((0, 2, 3), keepdim=True) if expected is None else expected.float()
    differences = values - rest
    mean = (differences * coarse).sum((0, 2, 3))
    counts = coarse > _NOTEWORTHY * coarse.max()
    maximum = differences.masked_fill(~counts, -math.inf).amax((0, 2, 3))
    parts = normalize(mean, dim=0), _MAXIMUM * normalize(maximum, dim=0)
    return normalize(torch.cat(parts), dim=0)
