"""How rare each place of an image is among all places of the same image.

Most of an image is background, so a place that few others resemble shows something else. That such places
catch the eye, and that no other image is needed to find them, is from O. Boiman and M. Irani, "Detecting
irregularities in images and in video", IJCV 74 (2007).
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from defect_workbench.engine.defect_map.tiles import joined, split
from defect_workbench.engine.preprocessing.background import Plane

if TYPE_CHECKING:
    from torch import Tensor

# The mean distance from the nearest 2% of the places counts: a defect may cover as many itself.
_SHARE = 0.02
# Nearer places show the same pixels, as the network sees more than a place.
_APART = 2

IDENTITY = f"rarity-{_SHARE}-{_APART}"


def rarity(given: Tensor, shape: tuple[int, int]) -> Plane:
    """Return how far the places of an image are from those that resemble them most.

    Parameters
    ----------
    given : (tiles, side * side, columns) float32 Tensor
        The patches of the image, tile by tile.
    shape : tuple of int
        How many tiles there are, down and across.

    Returns
    -------
    (shape[0] * side, shape[1] * side) float32
        Relative to the median over the image, so that 1 is what an ordinary place has. Ones for an image
        whose places are all the same.
    """
    import torch

    side = math.isqrt(given.shape[1])
    places = given.flatten(0, 1)
    near = _near(side, shape).to(given.device)
    distances = torch.cdist(places, places).masked_fill(near, torch.inf)
    count = max(1, round(_SHARE * len(places)))
    found = distances.topk(count, 1, largest=False).values.mean(1)
    typical = float(found.median())
    values = found / typical if typical > 1e-6 else torch.ones_like(found)
    return joined(np.asarray(values.cpu().numpy(), np.float32).reshape(-1, side, side), shape)


@lru_cache(maxsize=4)
def _near(side: int, shape: tuple[int, int]) -> Tensor:
    """Return which pairs of places show the same pixels, (places, places) bool, in the order of the tiles."""
    import torch

    rows, columns = (np.arange(count * side, dtype=np.float32) for count in shape)
    grids = np.meshgrid(rows, columns, indexing="ij")
    down, across = (torch.from_numpy(split(grid, shape).ravel()) for grid in grids)
    return (_apart(down) <= _APART) & (_apart(across) <= _APART)


def _apart(values: Tensor) -> Tensor:
    return (values[:, None] - values).abs()
