"""The block `residual`: the network's description of how an image differs from its golden reference.

Classifiers, and projects of earlier versions, also use it for images without their own background.
"""

from __future__ import annotations

from defect_workbench.core.clustering.feature_blocks import RESIDUAL
from defect_workbench.engine.features.block import Block, Input
from defect_workbench.engine.features.blocks.deep import COMPONENTS

ENTRY = Block(
    name=RESIDUAL,
    label="Residual without background",
    short_label="Residual",
    version="residual-v2-2048",
    input=Input.DEFECT_MAP,
    optional=True,
    unit_rows=True,
    components=COMPONENTS,
)
