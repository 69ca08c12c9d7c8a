"""Choose the weights of the feature blocks from the data, without labels.

Deep features alone are the default, as on textures other blocks blur the clusters. Where defects differ in
outline, Zernike moments help, which the data show: an image's nearest neighbours in the Zernike block are
then in its cluster of deep features far more often than its neighbours in the texture block are. The weight
of the texture block is never raised, because deep features cover texture (docs/adr/0006).
"""

from __future__ import annotations

import numpy as np

from defect_workbench.core.arrays import Floats, Integers
from defect_workbench.core.clustering.feature_blocks import (
    DEEP,
    HARALICK,
    ZERNIKE,
    BlockWeights,
)
from defect_workbench.engine.clustering.linkage import Linkage, build_tree
from defect_workbench.engine.clustering.outliers import nearest_neighbours
from defect_workbench.engine.features.registry import default_shares

RAISED = 0.4
ENOUGH_AGREEMENT = 0.5
ENOUGH_LEAD = 1.2
_GROUPS = 8
_NEIGHBOURS = 5
_ROWS = 600
_FEWEST = 24


def agreement(block: Floats, groups: Integers) -> float:
    """Return the share of the rows' five nearest neighbours that are in the same group, corrected for chance.

    Parameters
    ----------
    block : (n, d) float64
    groups : (n,) int

    Returns
    -------
    float
        1 if all are, 0 if no more are than by chance.
    """
    neighbours = nearest_neighbours(block, _NEIGHBOURS)[1]
    same = float((groups[neighbours] == groups[:, None]).mean())
    sizes = np.unique(groups, return_counts=True)[1] / len(groups)
    chance = float((sizes**2).sum())
    return (same - chance) / (1 - chance) if chance < 1 else 0.0


def choose_weights(blocks: dict[str, Floats], linkage: Linkage, seed: int = 0) -> BlockWeights:
    """Choose the block weights, with the reason.

    Parameters
    ----------
    blocks : dict of str to (n, d) float64
        As `fusion.normalised_blocks` returns them. If there is a deep block, there are Zernike and texture,
        too.
    linkage : Linkage
        Linkage of the clusters of deep features with which the other blocks are compared.
    seed : int
        Seed of the sample of rows that is used of a large set.

    Returns
    -------
    BlockWeights
    """
    if DEEP not in blocks:
        return BlockWeights(
            default_shares(network=False),
            "no network weights: only texture and Zernike features, weighted equally",
        )
    deep_alone = default_shares(network=True)
    rows = len(blocks[DEEP])
    if rows < _FEWEST:
        few = f"{rows} images are" if rows != 1 else "1 image is"
        return BlockWeights(deep_alone, f"only deep features: {few} too few to assess the other blocks")
    if rows > _ROWS:
        sample = np.sort(np.random.default_rng(seed).choice(rows, _ROWS, replace=False))
        blocks = {name: block[sample] for name, block in blocks.items()}
    groups = build_tree(blocks[DEEP], linkage).roots(_GROUPS)
    zernike, texture = agreement(blocks[ZERNIKE], groups), agreement(blocks[HARALICK], groups)
    figures = f"(agreement with the network: Zernike {zernike:.2f}, texture {texture:.2f})"
    if zernike >= ENOUGH_AGREEMENT and zernike >= ENOUGH_LEAD * texture:
        return BlockWeights(
            {**deep_alone, ZERNIKE: RAISED},
            f"Zernike weight raised to {RAISED:g}: images of similar shape look alike to the network, too "
            f"{figures}",
        )
    return BlockWeights(
        deep_alone,
        f"only deep features: images of similar shape do not look more alike to the network than those of "
        f"similar texture {figures}",
    )
