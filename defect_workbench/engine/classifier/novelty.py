"""Fit the novelty score, which recognises images of unknown kinds.

It is the score deviation of the linear classifier plus the distance to the nearest training image.
docs/adr/0015-novelty-score.md gives the reasons and the alternatives.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Floats, Integers
from defect_workbench.core.classifier.trained_classifier import Classifier, Novelty, score_deviation
from defect_workbench.core.classifier.trained_stage import scaled
from defect_workbench.core.distances import SquaredDistances
from defect_workbench.engine.classifier.data.dataset import LabelledSet
from defect_workbench.engine.classifier.heads.ridge import class_weights, indicators, ridge
from defect_workbench.engine.features.registry import BLOCKS
from defect_workbench.engine.features.scaling import fixed_scales

HANDCRAFTED_WEIGHT = 0.05
STRENGTH = 0.3
MOST_REFERENCES = 4000


def novelty_blocks(data: LabelledSet, chosen: Integers) -> dict[str, NDArray[Any]]:
    """Return the blocks of some images in which novelty is measured: those that describe the whole image.

    Parameters
    ----------
    chosen : (m,) intp
        Rows of the set.

    Returns
    -------
    dict of str to (m, d) float32
    """
    blocks = data.features.blocks
    return {b.name: blocks[b.name][chosen] for b in BLOCKS if b.of_whole_image and b.name in blocks}


def measures_novelty(block: str) -> bool:
    """Return whether novelty is measured in a block, which is so if it describes the whole image."""
    return block in BLOCKS and BLOCKS[block].of_whole_image


def fit_novelty(
    blocks: Mapping[str, NDArray[Any]], labels: Integers, groups: Integers, classes: int, seed: int
) -> Novelty:
    """Fit both measures of novelty to images of known kinds, without a threshold.

    Each measure is scaled by its values for training images that are held out with their group.

    Parameters
    ----------
    blocks : mapping of str to (m, d) float32
        As `novelty_blocks` returns them.
    labels : (m,) intp
        0 to `classes` - 1.
    groups : (m,) intp
        Images that are held out together: near-duplicates, or images of one lot.
    classes : int
        Number of classes.
    seed : int
        Seed of the choice of reference images if there are more than `MOST_REFERENCES`.

    Returns
    -------
    Novelty
        With an infinite threshold: every image is known.

    Raises
    ------
    ValueError
        If there are no images.
    """
    scales = fixed_scales(blocks, HANDCRAFTED_WEIGHT)
    vectors = scaled(scales, blocks)
    weights = class_weights(labels, classes, np.arange(len(labels)))
    fit = ridge(vectors, indicators(labels, classes), weights, groups, STRENGTH)
    distance = distance_to_others(vectors, groups)
    held = np.stack([score_deviation(fit.held_out), distance], axis=1)
    centre = np.quantile(held, 0.5, axis=0)
    spread = np.maximum(np.quantile(held, 0.95, axis=0) - centre, 1e-6)
    kept = np.arange(len(vectors))
    if len(kept) > MOST_REFERENCES:
        kept = np.sort(np.random.default_rng(seed).permutation(kept)[:MOST_REFERENCES])
    return Novelty(scales, fit.linear, vectors[kept].astype(np.float16), centre, spread)


def distance_to_others(vectors: Floats, groups: Integers) -> Floats:
    """Distance of each row to the nearest row of another group.

    Parameters
    ----------
    vectors : (n, d) float64
    groups : (n,) intp

    Returns
    -------
    (n,) float64
        The largest finite distance for rows of the only group; 0 if there is none.
    """
    distances = np.empty(len(vectors))
    for rows, squared in SquaredDistances(vectors).blocks():
        squared[groups[rows, None] == groups[None, :]] = np.inf
        distances[rows] = np.sqrt(squared.min(axis=1))
    finite = np.isfinite(distances)
    return np.where(finite, distances, distances[finite].max() if finite.any() else 0.0)


def with_threshold(classifier: Classifier, threshold: float) -> Classifier:
    """Return the classifier with a threshold for the novelty score, above which images are unknown."""
    return replace(classifier, novelty=replace(classifier.novelty, threshold=threshold))
