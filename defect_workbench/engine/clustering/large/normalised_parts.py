"""Normalise the feature blocks of a large set: scaled and reduced as a random part of it alone would be."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from defect_workbench.core.arrays import Integers, Vectors
from defect_workbench.core.clustering.feature_blocks import Features
from defect_workbench.core.progress import Reporter
from defect_workbench.engine.clustering.large.memory_budget import most_rows
from defect_workbench.engine.features.distinct_rows import distinct_rows
from defect_workbench.engine.features.fusion import FittedBlock, fitted_block, normalised_block
from defect_workbench.engine.features.registry import BLOCKS

_CHUNK = 2048

ReadVectors = Callable[[Sequence[int]], Mapping[str, Vectors]]


def normalised_by_part(features: Features, seed: int, reporter: Reporter) -> dict[str, Vectors]:
    """Return the normalised blocks of a set of more rows than can be compared in pairs.

    Equal rows stay bit-identical.

    Parameters
    ----------
    seed : int
        Seed of the part: as many rows as can be compared in pairs.

    Returns
    -------
    dict of str to (n, d) float32
        In the order of the registry.
    """
    part = np.sort(np.random.default_rng(seed).choice(len(features), most_rows(), replace=False))
    some = Features(
        {name: block[part] for name, block in features.blocks.items()}, features.backbone, features.identity
    )

    def read(rows: Sequence[int]) -> dict[str, Vectors]:
        return {name: block[rows] for name, block in features.blocks.items()}

    result = normalised_in_parts(some, part, len(features), read, reporter)
    for name, block in result.items():
        # The rounding of a matrix product depends on a row's position.
        first, inverse = distinct_rows(features.blocks[name])
        reporter.check()
        if len(first) < len(inverse):
            result[name] = block[first][inverse]
    return result


def normalised_in_parts(
    features: Features, part: Integers, count: int, read: ReadVectors, reporter: Reporter
) -> dict[str, Vectors]:
    """Return the normalised blocks of all rows, scaled and reduced as the part alone would be.

    Parameters
    ----------
    features : Features
        Of the part.
    part : (m,) intp
    count : int
        The number of all rows, n.
    read : callable
        Returns the vectors of some rows; called for few at a time.

    Returns
    -------
    dict of str to (n, d) float32
        In the order of the registry.
    """
    others = np.setdiff1d(np.arange(count), part)
    result: dict[str, Vectors] = {}
    maps: dict[str, FittedBlock] = {}
    for name in BLOCKS.names:
        if name in features.blocks:
            own = normalised_block(name, features.blocks[name])
            maps[name] = fitted_block(name, features.blocks[name], own)
            result[name] = np.empty((count, own.shape[1]), np.float32)
            result[name][part] = own
    reporter.stage("Reducing the features", len(others))
    for start in range(0, len(others), _CHUNK):
        reporter.check()
        rows = others[start : start + _CHUNK]
        vectors = read(rows.tolist())
        for name, fitted in maps.items():
            result[name][rows] = fitted.apply(vectors[name])
        reporter.advance(len(rows))
    return result
