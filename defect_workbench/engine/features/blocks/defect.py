"""The block `defect`: how an image differs, at its strangest place, from what is expected there.

It is computed in a second step after extraction, as a map compares an image with others.
"""

from __future__ import annotations

from defect_workbench.core.clustering.feature_blocks import DEFECT
from defect_workbench.engine.features.block import Block, Input
from defect_workbench.engine.features.blocks.deep import COMPONENTS

ENTRY = Block(
    name=DEFECT,
    label="Defect and its place",
    short_label="Defect",
    version="",
    input=Input.DEFECT_MAP,
    unit_rows=True,
    components=COMPONENTS,
)
