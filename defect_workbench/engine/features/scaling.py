"""Scale feature blocks to comparable norms."""

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
    """Return the scale that brings a block to unit mean squared norm on the given rows.

    Parameters
    ----------
    block : str
        Name of the block.
    values : (n, d) floating point
    """
    by_direction = block in BLOCKS and BLOCKS[block].unit_rows
    rows = unit_rows(values) if by_direction else values.astype(np.float64)
    centre = rows.mean(axis=0)
    divisor = np.ones(rows.shape[1]) if by_direction else column_spread(rows)
    draft = BlockScale(block, centre, divisor, 1.0, 0.0 if by_direction else CLIP, by_direction)
    square = float((draft.apply(values) ** 2).sum(axis=1).mean())
    return replace(draft, factor=1.0 / np.sqrt(square) if square > 0 else 0.0)


def weighted(scale: BlockScale, weight: float) -> BlockScale:
    """Return the scale multiplied by a block weight, the block's share in squared norms."""
    return replace(scale, factor=scale.factor * weight**0.5)


def fixed_scales(
    blocks: Mapping[str, NDArray[np.floating[Any]]], handcrafted: float
) -> tuple[BlockScale, ...]:
    """Return scales with fixed block weights.

    Parameters
    ----------
    blocks : mapping of str to (n, d) floating point
    handcrafted : float
        Weight of the blocks that the network does not compute, relative to 1 for those that it does. If there
        are none of these, all weights are 1.
    """
    deep = network_blocks(blocks)
    return tuple(
        weighted(unit_scale(name, values), 1.0 if name in deep or not deep else handcrafted)
        for name, values in blocks.items()
    )
