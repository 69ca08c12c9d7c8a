"""Which images' labels would help a classifier most.

An image is worth asking about where the classifier is unsure and many others are like it; and it should
not resemble one that is already in the selection.
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
    """(n,) 0 where sure to 1 where the two likeliest labels are equally likely, or the image is unknown."""
    odds = np.sort(prediction.probabilities, axis=1)[:, ::-1]
    margin = odds[:, 0] - (odds[:, 1] if odds.shape[1] > 1 else 0.0)
    result: Floats = np.where(prediction.known, 1 - margin, 1.0)
    return result


def worth_asking(
    classifier: Classifier, prediction: Prediction, blocks: Blocks, count: int, seed: int = 0
) -> Integers:
    """The images to label next, the most helpful first.

    One is chosen after the other: uncertainty times the density of its surroundings times the distance
    to what is already chosen (after B. Settles, M. Craven, EMNLP 2008, information density; the last
    factor spreads a batch).

    Parameters
    ----------
    blocks : mapping of str to (n, d) float32
        Of the same images as the prediction.

    Returns
    -------
    (min(count, n),) intp
    """
    n = len(prediction.labels)
    if n == 0 or count < 1:
        return np.empty(0, np.intp)
    vectors = scaled(classifier.novelty.scales, blocks)
    rng = np.random.default_rng(seed)
    sample = np.arange(n) if n <= _SAMPLE else np.sort(rng.permutation(n)[:_SAMPLE])
    k = min(NEIGHBOURS, len(sample) - 1)
    near = np.empty(n)
    for rows, squared in SquaredDistances(vectors, vectors[sample]).blocks():
        near[rows] = np.sqrt(np.partition(squared, k, axis=1)[:, k])
    usual = max(float(np.median(near)), 1e-9)
    value = (1e-3 + uncertainty(prediction)) * usual / (usual + near)
    spread = np.full(n, 1.0)
    chosen: list[int] = []
    for _ in range(min(count, n)):
        score = value * spread
        score[chosen] = -1.0
        best = int(score.argmax())
        chosen.append(best)
        distance = np.sqrt(np.maximum(((vectors - vectors[best]) ** 2).sum(axis=1), 0.0))
        spread = np.minimum(spread, distance / (distance + usual))
    return np.array(chosen, np.intp)
