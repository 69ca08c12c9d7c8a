"""Distances of the images of a set from an image that is not in it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from defect_workbench.core.arrays import Floats, Vectors
from defect_workbench.core.clustering.feature_blocks import BlockWeights
from defect_workbench.core.normalisation import column_spread, unit_rows
from defect_workbench.engine.features.registry import BLOCKS


def distances_from_outside(
    blocks: Mapping[str, Vectors], outside: Mapping[str, Vectors], weights: BlockWeights
) -> Floats:
    """Return the distance of each image of a set from another image, as the set is grouped.

    Each block is scaled as for the fusion vector, but with the spread of the set alone, and not reduced:
    what a principal component analysis leaves out hardly changes a distance.

    Parameters
    ----------
    blocks : mapping of str to (n, d) float32
        Raw feature vectors of the set.
    outside : mapping of str to (1, d) float32
        Those of the other image, of the same blocks.
    weights : BlockWeights
        If the weight of every block here is 0, all count the same.

    Returns
    -------
    (n,) float64
    """
    shares = {name: weights.share(name) for name in blocks}
    if not any(share > 0 for share in shares.values()):
        shares = dict.fromkeys(blocks, 1.0)
    squares = np.zeros(len(next(iter(blocks.values()))))
    for name, share in shares.items():
        if share <= 0:
            continue
        rows, other = (
            (unit_rows(blocks[name]), unit_rows(outside[name]))
            if BLOCKS[name].unit_rows
            else (blocks[name] / column_spread(blocks[name]), outside[name] / column_spread(blocks[name]))
        )
        mean_square = float(((rows - rows.mean(axis=0)) ** 2).sum(axis=1).mean())
        if mean_square > 0:
            squares += share * ((rows - other) ** 2).sum(axis=1) / mean_square
    return np.asarray(np.sqrt(squares))
