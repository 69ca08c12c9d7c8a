"""Find labels that are probably wrong: those that neither the classifier nor the nearest images agree with.

An image is listed if both hold:

- Its held-out probabilities give another label more than a half. That is the idea of confident learning
  (C. G. Northcutt, L. Jiang, I. L. Chuang, J. Artif. Intell. Res. 70, 2021), whose thresholds by label, the
  mean probabilities of the images that have it, find a fifth less of the errors.
- Most of the ten nearest images by fusion vector have another label, near-duplicates not counted
  (D. L. Wilson, IEEE Trans. SMC 2, 1972: edited nearest neighbours).

docs/adr/0025-labels-to-check.md has the figures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from defect_workbench.core.arrays import Floats, Integers
from defect_workbench.core.clustering.feature_blocks import Features
from defect_workbench.engine.clustering.block_weights import choose_weights
from defect_workbench.engine.clustering.linkage import Linkage
from defect_workbench.engine.clustering.outliers import nearest_neighbours
from defect_workbench.engine.features.fusion import fuse, normalised_blocks
from defect_workbench.engine.features.registry import BLOCKS

NEIGHBOURS = 10
ENOUGH_PROBABILITY = 0.5
MOST_DISAGREE = 0.5
# Near-duplicates beyond this number count as neighbours: a folder of nothing else would have none.
_MOST_DUPLICATES = 20


@dataclass(frozen=True, eq=False)
class DoubtfulLabels:
    """Images whose labels are probably wrong.

    Attributes
    ----------
    rows : (m,) intp
        The images, the most doubtful first: by how far the probability of another label exceeds that of
        theirs.
    disagreeing : (m,) float64
        Share of their nearest neighbours that have another label.
    """

    rows: Integers
    disagreeing: Floats


def doubtful_labels(
    features: Features, labels: Integers, probabilities: Floats, duplicates: Integers, seed: int = 0
) -> DoubtfulLabels:
    """Return the images whose labels are probably wrong.

    Parameters
    ----------
    features : Features
        Of n images.
    labels : (n,) intp
        Their labels, columns of `probabilities`.
    probabilities : (n, labels) float64
        Held-out probabilities.
    duplicates : (n,) intp
        The group of each image; near-duplicates share one.
    seed : int
        For the choice of the block weights.
    """
    rows = np.arange(len(labels))
    own = probabilities[rows, labels]
    others = probabilities.copy()
    others[rows, labels] = 0.0
    highest = others.max(axis=1, initial=0.0)
    disagreeing = disagreement(fused(features, seed), labels, duplicates)
    listed = np.flatnonzero((highest > ENOUGH_PROBABILITY) & (disagreeing > MOST_DISAGREE))
    listed = listed[np.argsort((own - highest)[listed], kind="stable")]
    return DoubtfulLabels(listed, disagreeing[listed])


def fused(features: Features, seed: int) -> Floats:
    """Return the fusion vectors of images, (n, d), with the block weights that grouping would choose."""
    blocks = {name: block for name, block in features.blocks.items() if BLOCKS[name].in_extraction}
    normalised = normalised_blocks(Features(blocks, features.backbone))
    return fuse(normalised, choose_weights(normalised, Linkage.WARD, seed))


def disagreement(vectors: Floats, labels: Integers, duplicates: Integers) -> Floats:
    """Return the share of the nearest neighbours of each image that have another label, (n,).

    Neighbours are the ten nearest images, or all if there are fewer, without near-duplicates; 0 if an image
    has none.

    Parameters
    ----------
    vectors : (n, d) float64
    labels, duplicates : (n,) intp
    """
    n = len(labels)
    most = int(np.bincount(duplicates).max(initial=1)) - 1
    count = min(NEIGHBOURS + min(most, _MOST_DUPLICATES), n - 1)
    if count < 1:
        return np.zeros(n)
    nearest = nearest_neighbours(vectors, count)[1]
    counted = duplicates[nearest] != duplicates[:, None]
    counted &= np.cumsum(counted, axis=1) <= NEIGHBOURS
    differing = (labels[nearest] != labels[:, None]) & counted
    result: Floats = differing.sum(axis=1) / np.maximum(counted.sum(axis=1), 1)
    return result
