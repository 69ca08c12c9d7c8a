"""Choose the images whose labels would help a classifier most.

These are images about which the classifier is unsure, which many others resemble, and which differ from the
images already chosen.
"""

from __future__ import annotations

import numpy as np

from defect_workbench.core.arrays import Floats, Integers
from defect_workbench.core.classifier.trained_classifier import Classifier, Prediction
from defect_workbench.core.classifier.trained_stage import scaled
from defect_workbench.core.distances import SquaredDistances
from defect_workbench.engine.classifier.data.stage_inputs import Blocks

NEIGHBOURS = 10
_SAMPLE = 4000


def uncertainty(prediction: Prediction) -> Floats:
    """Return how unsure a classifier is about each image.

    Returns
    -------
    (n,) float64
        1 minus the margin between the two highest probabilities; 1 for an unknown image.
    """
    falling = np.sort(prediction.probabilities, axis=1)[:, ::-1]
    margin = falling[:, 0] - (falling[:, 1] if falling.shape[1] > 1 else 0.0)
    result: Floats = np.where(prediction.known, 1 - margin, 1.0)
    return result


def most_informative(
    classifier: Classifier, prediction: Prediction, blocks: Blocks, count: int, seed: int = 0
) -> Integers:
    """Return the images to label next, the most helpful first.

    Each choice maximises the product of uncertainty, local density, and distance to the images already
    chosen. The first two factors are the information density of B. Settles, M. Craven, EMNLP 2008; the third
    makes the choices differ from each other.

    Parameters
    ----------
    blocks : mapping of str to (n, d) float32
        Of the images of the prediction.
    count : int
        Number of images to choose.
    seed : int
        Seed of the sample in which density is estimated if there are more than 4,000 images.

    Returns
    -------
    (min(count, n),) intp
        Rows of the prediction.
    """
    n = len(prediction.labels)
    if n == 0 or count < 1:
        return np.empty(0, np.intp)
    vectors = scaled(classifier.novelty.scales, blocks)
    rng = np.random.default_rng(seed)
    sample = np.arange(n) if n <= _SAMPLE else np.sort(rng.permutation(n)[:_SAMPLE])
    k = min(NEIGHBOURS, len(sample) - 1)
    neighbour_distance = np.empty(n)
    for rows, squared in SquaredDistances(vectors, vectors[sample]).blocks():
        neighbour_distance[rows] = np.sqrt(np.partition(squared, k, axis=1)[:, k])
    typical = max(float(np.median(neighbour_distance)), 1e-9)
    value = (1e-3 + uncertainty(prediction)) * typical / (typical + neighbour_distance)
    spread = np.full(n, 1.0)
    chosen: list[int] = []
    for _ in range(min(count, n)):
        score = value * spread
        score[chosen] = -1.0
        best = int(score.argmax())
        chosen.append(best)
        distance = np.sqrt(np.maximum(((vectors - vectors[best]) ** 2).sum(axis=1), 0.0))
        spread = np.minimum(spread, distance / (distance + typical))
    return np.array(chosen, np.intp)
