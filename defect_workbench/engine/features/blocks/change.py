"""The block `change`: what a defect does to the pattern around it, if single defects are grouped.

It is computed when the defect is found, from the whole image and its golden reference or its own background:
see `engine.detection.pattern_change`.
"""

from __future__ import annotations

from defect_workbench.core.clustering.feature_blocks import CHANGE
from defect_workbench.engine.features.block import Block, Input

ENTRY = Block(
    name=CHANGE,
    label="Change of the pattern",
    short_label="Change",
    version="",
    input=Input.FOUND_DEFECT,
)
