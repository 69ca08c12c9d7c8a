"""Statistics of an image's activations, weighted by its defect map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from defect_workbench.core.arrays import Vectors

if TYPE_CHECKING:
    from torch import Tensor

# A place one standard deviation above another one counts e^4 times as much: almost only the peak counts.
TEMPERATURE = 0.25


def attention(grid: Vectors) -> Vectors:
    """Return weights of the places of a map, of sum 1: the softmax of its standardised values.

    Parameters
    ----------
    grid : array of float32
        A map of any shape.

    Returns
    -------
    array of float32 of the same shape
        Equal weights for a constant map.
    """
    spread = float(grid.std())
    values = (grid - grid.max()) / (TEMPERATURE * spread) if spread > 1e-9 else np.zeros_like(grid)
    weights = np.exp(values)
    return np.asarray(weights / weights.sum(), np.float32)


def weighted_difference(activations: Tensor, weights: Tensor, expected: Tensor | None = None) -> Tensor:
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
    (channels,) float32 Tensor
        Of unit norm, or zeros if there is no difference.
    """
    from torch.nn.functional import adaptive_avg_pool2d, normalize

    values = activations.float()
    coarse = adaptive_avg_pool2d(weights[:, None], (values.shape[-2], values.shape[-1]))
    coarse = coarse / coarse.sum()
    rest = values.mean((0, 2, 3), keepdim=True) if expected is None else expected.float()
    return normalize(((values - rest) * coarse).sum((0, 2, 3)), dim=0)
