"""The block `foreground`: the network's description of what stands out from an image's background and noise.

It is computed with the block `defect`, or for a classifier, and only where the background can be modelled.
"""

from __future__ import annotations

from defect_workbench.core.clustering.feature_blocks import FOREGROUND, NEWEST_FOREGROUND
from defect_workbench.engine.features.block import Block, Input
from defect_workbench.engine.features.blocks.deep import COMPONENTS


def extractor_of(version: str) -> str:
    """Return the name of vectors of a version, one of `FOREGROUND_VERSIONS`, in identities of features."""
    return f"{version}-2048"


ENTRY = Block(
    name=FOREGROUND,
    label="Foreground without noise",
    short_label="Foreground",
    version=extractor_of(NEWEST_FOREGROUND),
    input=Input.DEFECT_MAP,
    optional=True,
    unit_rows=True,
    components=COMPONENTS,
)
