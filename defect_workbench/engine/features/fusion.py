"""Blocks of features to one vector an image, with visible weights."""

from __future__ import annotations

import numpy as np
from scipy.linalg import eigh

from defect_workbench.core.arrays import Floats, Vectors
from defect_workbench.core.clustering.feature_blocks import BlockWeights, Features
from defect_workbench.engine.features.distinct_rows import distinct_rows
from defect_workbench.engine.features.registry import BLOCKS

# A mean squared norm below this is the rounding of equal vectors, not a difference between images.
_ROUNDING = 1e-20


def normalised_block(name: str, vectors: Vectors) -> Floats:
    """Centre a block and scale it to unit mean squared norm.

    The block's entry says whether its vectors are divided by their L2 norm or its columns are standardised
    (a constant column becomes 0), and whether it is reduced by PCA.

    Parameters
    ----------
    vectors : (n, d) float32

    Returns
    -------
    (n, min(n, d, components)) float64 for a block that is reduced, (n, d) float64 for the others
    """
    values = vectors.astype(np.float64)
    block = BLOCKS[name]
    if block.unit_rows:
        values /= np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-12)
    values -= values.mean(axis=0)
    if not block.unit_rows:
        deviation = values.std(axis=0)
        varies = deviation > 1e-9 * np.maximum(1.0, np.abs(vectors).max(axis=0, initial=0.0))
        values = np.where(varies, values / np.where(varies, deviation, 1.0), 0.0)
    if block.components is not None:
        values = principal_components(values, block.components)
    mean_square = float((values**2).sum(axis=1).mean()) if len(values) else 0.0
    return values / np.sqrt(mean_square) if mean_square > _ROUNDING else np.zeros_like(values)


def principal_components(centred: Floats, components: int) -> Floats:
    """Coordinates on the leading principal components.

    Parameters
    ----------
    centred : (n, d) float64
        Columns of mean 0.

    Returns
    -------
    (n, min(components, n, d)) float64
        Signs are fixed (the largest entry of each axis is positive) and components without variance
        are 0, so the result is repeatable. Equal rows stay equal to the bit.
    """
    n, d = centred.shape
    if min(n, d) <= components:
        return centred
    wide = d > n
    gram = centred @ centred.T if wide else centred.T @ centred
    size = len(gram)
    # Not ARPACK: it restarts from random numbers where the rank is below the number of components.
    values, axes = eigh(gram, subset_by_index=(size - components, size - 1))
    values, axes = values[::-1], axes[:, ::-1]
    spread = values > size * np.finfo(np.float64).eps * max(float(values[0]), 0.0)
    coordinates = (
        axes * np.sqrt(np.where(spread, values, 0.0)) if wide else np.where(spread, centred @ axes, 0.0)
    )
    signs = np.sign(coordinates[np.abs(coordinates).argmax(axis=0), np.arange(components)])
    coordinates = coordinates * np.where(signs == 0, 1.0, signs)
    # Matrix products round a row by where it stands; copies of one picture must not drift apart.
    first, place = distinct_rows(centred)
    result: Floats = coordinates[first][place]
    return result


def normalised_blocks(features: Features) -> dict[str, Floats]:
    """`normalised_block` of each block there is."""
    return {
        name: normalised_block(name, features.blocks[name])
        for name in BLOCKS.names
        if name in features.blocks
    }


def fuse(blocks: dict[str, Floats], weights: BlockWeights) -> Floats:
    """Concatenate normalised blocks, each times the square root of its weight.

    Squared distances are then the weighted sum of the blocks' squared distances.

    Returns
    -------
    (n, d) float64
        Blocks of weight 0 are left out.
    """
    parts = [np.sqrt(share) * block for name, block in blocks.items() if (share := weights.share(name)) > 0]
    if not parts:
        return np.zeros((len(next(iter(blocks.values()))), 1))
    return np.concatenate(parts, axis=1)
