"""Sets of more defects than can be clustered in memory: a random part is described first, then the others."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from defect_workbench.core.arrays import Integers, Vectors
from defect_workbench.core.clustering.feature_blocks import Features
from defect_workbench.core.progress import Reporter
from defect_workbench.engine.features.fusion import FittedBlock, fitted_block, normalised_block
from defect_workbench.engine.features.registry import BLOCKS

_CHUNK = 2048
_SEED = 28

ReadVectors = Callable[[Sequence[int]], Mapping[str, Vectors]]


def random_part(contents: Sequence[str], most: int) -> Integers:
    """Return the rows of a random part of a set, ascending; all rows if there are no more than `most`.

    The part depends on the contents only.

    Parameters
    ----------
    contents : sequence of str
        The SHA-256 of each row's content.
    """
    if len(contents) <= most:
        return np.arange(len(contents))
    ranks = [hashlib.sha256(f"{_SEED}:{each}".encode()).digest() for each in contents]
    order = sorted(range(len(contents)), key=lambda row: (ranks[row], row))
    return np.array(sorted(order[:most]), np.intp)


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
    reporter.stage("Reducing the features of the others", len(others))
    for start in range(0, len(others), _CHUNK):
        reporter.check()
        rows = others[start : start + _CHUNK]
        vectors = read(rows.tolist())
        for name, fitted in maps.items():
            result[name][rows] = fitted.apply(vectors[name])
        reporter.advance(len(rows))
    return result
