"""Scale blocks of features, so that several can stand side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.classifier.trained_stage import BlockScale
from defect_workbench.core.clustering.feature_blocks import DEEP
from defect_workbench.core.normalisation import column_spread, unit_rows

CLIP = 5.0


def unit_scale(block: str, values: NDArray[np.floating[Any]]) -> BlockScale:
    """The scale that brings a block to unit mean squared norm on these rows."""
    rows = unit_rows(values) if block == DEEP else values.astype(np.float64)
    centre = rows.mean(axis=0)
    divisor = np.ones(rows.shape[1]) if block == DEEP else column_spread(rows)
    draft = BlockScale(block, centre, divisor, 1.0, 0.0 if block == DEEP else CLIP)
    square = float((draft.apply(values) ** 2).sum(axis=1).mean())
    return BlockScale(block, centre, divisor, 1.0 / np.sqrt(square) if square > 0 else 0.0, draft.clip)


def weighted(scale: BlockScale, weight: float) -> BlockScale:
    """The same with a weight: its share in squared norms."""
    return BlockScale(scale.block, scale.centre, scale.divisor, scale.factor * weight**0.5, scale.clip)


def plain_scales(blocks: Mapping[str, NDArray[np.floating[Any]]], hand: float) -> tuple[BlockScale, ...]:
    """Scales with weights that are not chosen: 1 for deep, `hand` for others; 1 for all without deep."""
    return tuple(
        weighted(unit_scale(name, values), 1.0 if name == DEEP or DEEP not in blocks else hand)
        for name, values in blocks.items()
    )
