"""The block `foreground`: the network's description of what stands out from an image's background and noise.

It is computed with the block `defect`, or for a classifier, and only where the background can be modelled.
"""

from __future__ import annotations

from defect_workbench.core.clustering.feature_blocks import FOREGROUND
from defect_workbench.engine.features.block import Block, Input
from defect_workbench.engine.features.deep import COMPONENTS

ENTRY = Block(
    name=FOREGROUND,
    label="Foreground without noise",
    short_label="Foreground",
    version="foreground-v1-2048",
    input=Input.DEFECT_MAP,
    optional=True,
    unit_rows=True,
    components=COMPONENTS,
)
