"""The block `deep`: the network's description of the whole image."""

from __future__ import annotations

from defect_workbench.core.clustering.feature_blocks import DEEP
from defect_workbench.engine.backbone.registry import NETWORKS
from defect_workbench.engine.features.block import Block, Input

# Ward's linkage on 100 principal components agrees better with human labels than on all columns of the
# description, and all later steps have a twentieth of the data or less.
COMPONENTS = 100

ENTRY = Block(
    name=DEEP,
    label=f"Deep ({next(iter(NETWORKS)).label})",
    short_label="Deep",
    version="",
    input=Input.NETWORK,
    default_weight=1.0,
    unit_rows=True,
    components=COMPONENTS,
)
