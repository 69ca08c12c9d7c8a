"""Scale blocks of features, so that several can stand side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.classifier.trained_stage import BlockScale
from defect_workbench.core.normalisation import column_spread, unit_rows
from defect_workbench.engine.features.registry import BLOCKS, network_blocks

CLIP = 5.0


def unit_scale(block: str, values: NDArray[np.floating[Any]]) -> BlockScale:
    """The scale that brings a block to unit mean squared norm on these rows."""
    unit = block in BLOCKS and BLOCKS[block].unit_rows
    rows = unit_rows(values) if unit else values.astype(np.float64)
    centre = rows.mean(axis=0)
    divisor = np.ones(rows.shape[1]) if unit else column_spread(rows)
    draft = BlockScale(block, centre, divisor, 1.0, 0.0 if unit else CLIP, unit)
    square = float((draft.apply(values) ** 2).sum(axis=1).mean())
    return replace(draft, factor=1.0 / np.sqrt(square) if square > 0 else 0.0)


def weighted(scale: BlockScale, weight: float) -> BlockScale:
    """The same with a weight: its share in squared norms."""
    return replace(scale, factor=scale.factor * weight**0.5)


def plain_scales(blocks: Mapping[str, NDArray[np.floating[Any]]], hand: float) -> tuple[BlockScale, ...]:
    """Scales with fixed weights: 1 for the network's blocks, `hand` for the others; 1 for all without any."""
    deep = network_blocks(blocks)
    return tuple(
        weighted(unit_scale(name, values), 1.0 if name in deep or not deep else hand)
        for name, values in blocks.items()
    )
