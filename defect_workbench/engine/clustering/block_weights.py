"""Which blocks to trust, told from the data without labels.

Deep features alone are the default: on textures, anything else blurs the groups. Where the outline
decides, shape helps, and that shows: the neighbours of an image in the shape block are then in the same
deep group, far more often than its neighbours in the texture block are. Texture itself is never raised
by itself; deep features see it already (docs/adr/0006).
"""

from __future__ import annotations

import numpy as np

from defect_workbench.core.arrays import Floats, Integers
from defect_workbench.core.clustering.clustering_result import Linkage
from defect_workbench.core.clustering.feature_blocks import DEEP, HARALICK, ZERNIKE, BlockWeights
from defect_workbench.engine.clustering.linkage import build_tree
from defect_workbench.engine.clustering.outliers import nearest_neighbours

RAISED = 0.4
ENOUGH_AGREEMENT = 0.5
ENOUGH_LEAD = 1.2
_GROUPS = 8
_NEIGHBOURS = 5
_ROWS = 600
_FEWEST = 24


def agreement(block: Floats, groups: Integers) -> float:
    """Share of a row's five nearest neighbours that are in its group, corrected for chance.

    Parameters
    ----------
    block : (n, d) float64
    groups : (n,) int

    Returns
    -------
    float
        1 where all are, 0 where no more are than by chance.
    """
    neighbours = nearest_neighbours(block, _NEIGHBOURS)[1]
    same = float((groups[neighbours] == groups[:, None]).mean())
    sizes = np.unique(groups, return_counts=True)[1] / len(groups)
    chance = float((sizes**2).sum())
    return (same - chance) / (1 - chance) if chance < 1 else 0.0


def choose_weights(blocks: dict[str, Floats], linkage: Linkage, seed: int = 0) -> BlockWeights:
    """Weights of the blocks, with the reason.

    Parameters
    ----------
    blocks : dict of str to (n, d) float64
        As `fusion.normalised_blocks` gives them.
    """
    if DEEP not in blocks:
        return BlockWeights(0.0, 1.0, 1.0, "no ResNet-50 weights: texture and shape features alone, equally")
    rows = len(blocks[DEEP])
    if rows < _FEWEST:
        return BlockWeights(1.0, 0.0, 0.0, f"deep features alone: too few images ({rows}) to judge by")
    if rows > _ROWS:
        sample = np.sort(np.random.default_rng(seed).choice(rows, _ROWS, replace=False))
        blocks = {name: block[sample] for name, block in blocks.items()}
    groups = build_tree(blocks[DEEP], linkage).roots(_GROUPS)
    shape, texture = agreement(blocks[ZERNIKE], groups), agreement(blocks[HARALICK], groups)
    said = f"shape agrees with the deep groups to {shape:.2f}, texture to {texture:.2f}"
    if shape >= ENOUGH_AGREEMENT and shape >= ENOUGH_LEAD * texture:
        return BlockWeights(1.0, 0.0, RAISED, f"shape raised, since outlines tell these images apart: {said}")
    return BlockWeights(1.0, 0.0, 0.0, f"deep features alone: {said}")
