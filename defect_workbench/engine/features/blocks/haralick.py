"""The block `haralick`: texture statistics of the grey-level co-occurrence matrix.

Source: R. M. Haralick, K. Shanmugam, I. Dinstein, "Textural features for image classification",
IEEE Trans. Systems, Man, and Cybernetics 3 (1973), as implemented by mahotas.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Pixels
from defect_workbench.core.clustering.feature_blocks import HARALICK
from defect_workbench.engine.features.block import Block, Input

LEVELS = 32
IDENTITY = f"mahotas-{LEVELS}-levels-mean-range-v1"


def haralick(grey: Pixels) -> NDArray[np.float32]:
    """Return mean and range, over four directions, of the 13 Haralick statistics on 32 grey levels.

    Parameters
    ----------
    grey : (height, width) uint8

    Returns
    -------
    (26,) float32
        13 means, then 13 ranges; 0 where a statistic is undefined, as for a uniform image.
    """
    import mahotas

    levels = grey // (256 // LEVELS)
    with np.errstate(invalid="ignore", divide="ignore"):
        statistics = mahotas.features.haralick(levels, return_mean_ptp=True)
    finite = np.nan_to_num(statistics, nan=0.0, posinf=0.0, neginf=0.0)
    return np.asarray(finite, dtype=np.float32)


ENTRY = Block(
    name=HARALICK,
    label="Texture (Haralick)",
    short_label="Texture",
    version=IDENTITY,
    input=Input.GREY,
    function=haralick,
    turn_invariant=True,
    weight_without_network=1.0,
)
