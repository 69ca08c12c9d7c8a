"""Which blocks to trust, told from the data without labels.

Each candidate weighting is judged by the sharpness of its clearest cut (`engine.cuts`). Deep features
alone are the default; a hand-made block is raised only where it makes a clear structure clearer.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.analysis import Linkage
from defect_workbench.core.features import DEEP, BlockWeights
from defect_workbench.engine.cuts import score_cuts
from defect_workbench.engine.features.fusion import fuse
from defect_workbench.engine.linkage import build_tree

# Haralick, Zernike. Larger weights were the sharpest cuts on sets where they agreed with nobody.
CANDIDATES = ((0.0, 0.1), (0.0, 0.2), (0.0, 0.4), (0.1, 0.0), (0.2, 0.0), (0.1, 0.1), (0.2, 0.2))
CLEAR = 0.1
NEEDED_GAIN = 1.1
_ROWS = 600
_FEWEST = 12


def choose_weights(blocks: dict[str, NDArray[np.float64]], linkage: Linkage, seed: int = 0) -> BlockWeights:
    """Weights of the blocks, with the reason.

    Parameters
    ----------
    blocks : dict of str to (n, d) float64
        As `fusion.normalised_blocks` gives them.
    """
    if DEEP not in blocks:
        return BlockWeights(0.0, 1.0, 1.0, "no ResNet-50 weights: texture and shape features alone, equally")
    rows = len(next(iter(blocks.values())))
    if rows < _FEWEST:
        return BlockWeights(1.0, 0.0, 0.0, f"too few images ({rows}) to judge; deep features alone")
    if rows > _ROWS:
        sample = np.sort(np.random.default_rng(seed).choice(rows, _ROWS, replace=False))
        blocks = {name: block[sample] for name, block in blocks.items()}

    def sharpness(haralick: float, zernike: float) -> float:
        vectors = fuse(blocks, BlockWeights(1.0, haralick, zernike, ""))
        return score_cuts(vectors, build_tree(vectors, linkage), linkage, seed).sharpness

    alone = sharpness(0.0, 0.0)
    found = {candidate: sharpness(*candidate) for candidate in CANDIDATES}
    best = max(found, key=lambda candidate: found[candidate])
    said = f"sharpness of the best cut {found[best]:.3f} against {alone:.3f} with deep features alone"
    if found[best] >= CLEAR and found[best] >= NEEDED_GAIN * alone:
        return BlockWeights(1.0, *best, f"raised: they make the groups clearer ({said})")
    reason = "no clear gain" if found[best] >= CLEAR else "no cut is clear enough to judge by"
    return BlockWeights(
        1.0, 0.0, 0.0, f"deep features alone: {reason} from texture or shape (at best {said})"
    )
