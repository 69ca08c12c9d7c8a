"""Fuse feature blocks into one vector per image, with block weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from defect_workbench.core.arrays import Floats, Vectors
from defect_workbench.core.clustering.feature_blocks import BlockWeights, Features
from defect_workbench.core.normalisation import column_spread, unit_rows
from defect_workbench.engine.features.pca import principal_components
from defect_workbench.engine.features.registry import BLOCKS

# A mean squared norm below this is rounding error between equal vectors.
_ROUNDING = 1e-20


def normalised_block(name: str, vectors: Vectors) -> Floats:
    """Centre a block and scale it to unit mean squared norm.

    First, as the block's entry specifies, its vectors are divided by their L2 norm or its columns are
    standardised (a constant column becomes 0). A block with `components` is reduced by PCA.

    Parameters
    ----------
    vectors : (n, d) float32

    Returns
    -------
    (n, min(n, d, components)) float64 if the block is reduced, else (n, d) float64

    Raises
    ------
    InputError
        If no block has this name.
    """
    block = BLOCKS[name]
    values = unit_rows(vectors) if block.unit_rows else vectors.astype(np.float64)
    values -= values.mean(axis=0)
    if not block.unit_rows:
        # Adding 0 turns the -0.0 of a constant column into 0.0, so that equal rows are bit-identical.
        values = values / column_spread(vectors) + 0.0
    if block.components is not None:
        values = principal_components(values, block.components)
    mean_square = float((values**2).sum(axis=1).mean()) if len(values) else 0.0
    return values / np.sqrt(mean_square) if mean_square > _ROUNDING else np.zeros_like(values)


@dataclass(frozen=True, eq=False)
class FittedBlock:
    """The linear map that `normalised_block` applied to one set, for the vectors of other images.

    Attributes
    ----------
    centre : (d,) float64
    divisor : (d,) float64
        Of each column; infinite if the column is constant.
    factor : float or (d, c) float64
        Of all columns; scaled principal axes if the block is reduced.
    by_direction : bool
        Whether rows are first divided by their L2 norm.
    """

    centre: Floats
    divisor: Floats
    factor: float | Floats
    by_direction: bool

    def apply(self, vectors: Vectors) -> Floats:
        """Return (m, d) float32 vectors normalised like those of the set, (m, c) float64."""
        values = unit_rows(vectors) if self.by_direction else vectors.astype(np.float64)
        scaled: Floats = (values - self.centre) / self.divisor
        return scaled * self.factor if isinstance(self.factor, float) else scaled @ self.factor


def fitted_block(name: str, given: Vectors, own: Floats) -> FittedBlock:
    """Return the map that `normalised_block` applied, from what went in and what came out.

    Parameters
    ----------
    given : (n, d) float32
    own : (n, c) float64
        `normalised_block(name, given)`.
    """
    by_direction = BLOCKS[name].unit_rows
    values = unit_rows(given) if by_direction else given.astype(np.float64)
    centre = values.mean(axis=0)
    spread = np.ones(given.shape[1]) if by_direction else column_spread(given)
    scaled = (values - centre) / spread
    if own.shape[1] == given.shape[1]:
        # Not reduced: one factor for all columns.
        total = float((scaled**2).sum())
        factor = float((scaled * own).sum()) / total if total > 0 else 0.0
        return FittedBlock(centre, spread, factor, by_direction)
    # Principal axes are the columns of given^T own, as coordinates on different axes are uncorrelated.
    squares = (own**2).sum(axis=0)
    axes = scaled.T @ own / np.where(squares > 0, squares, np.inf)
    lengths = (axes**2).sum(axis=0)
    axes /= np.where(lengths > 0, lengths, np.inf)
    return FittedBlock(centre, spread, axes, by_direction)


def normalised_blocks(features: Features) -> dict[str, Floats]:
    """Normalise each block of an image set.

    Returns
    -------
    dict of str to (n, d) float64
        As `normalised_block` returns them, in the order of the registry.
    """
    return {
        name: normalised_block(name, features.blocks[name])
        for name in BLOCKS.names
        if name in features.blocks
    }


def fuse(blocks: dict[str, Floats], weights: BlockWeights) -> Floats:
    """Concatenate normalised blocks, each multiplied by the square root of its weight.

    Squared distances are then the weighted sum of the blocks' squared distances.

    Parameters
    ----------
    blocks : dict of str to (n, d) float64

    Returns
    -------
    (n, d) float64
        Without blocks of weight 0; if no block is left, (n, 1) zeros.
    """
    parts = [np.sqrt(share) * block for name, block in blocks.items() if (share := weights.share(name)) > 0]
    if not parts:
        return np.zeros((len(next(iter(blocks.values()))), 1))
    return np.concatenate(parts, axis=1)
