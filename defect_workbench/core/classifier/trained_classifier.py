"""A trained classifier and its predictions, as data.

Training is part of the engine; applying a head needs only NumPy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Flags, Floats, Integers
from defect_workbench.core.classifier.conformal import Calibration
from defect_workbench.core.classifier.taxonomy import Taxonomy
from defect_workbench.core.classifier.trained_stage import BlockScale, TrainedStage, scaled
from defect_workbench.core.classifier.training_facts import TrainingFacts
from defect_workbench.core.distances import nearest_rows

# Images from which relative distances are measured.
NEIGHBOURS = 5


@dataclass(frozen=True, eq=False)
class Novelty:
    """Recognition of images of unknown kinds by three measures, each scaled by what known images have.

    The score deviation is the distance of an image's linear scores from those of a typical image of any
    label (1 for that label, 0 for all others). The second measure is the distance to the nearest training
    image, and the third the relative distance. docs/adr/0015-novelty-score.md and
    docs/adr/0040-novelty-of-the-foreground.md compare them with other measures.

    Attributes
    ----------
    scales : tuple of BlockScale
        Scaled blocks in which they are measured.
    linear : (d + 1, labels) float64
        The linear classifier of a head over all labels.
    references : (m, d) float16
        Vectors of training images.
    centre, spread : (3,) float64
        For score deviation, distance and relative distance: median, and 95th percentile minus median, of
        held-out images. (2,) without `reach`.
    reach : (m,) float64 or None
        The mean distance of each reference to its nearest others; None in models of formats 1 to 3, which do
        not measure relative distances.
    threshold : float
        An image with a novelty score above this is unknown, whatever its label, in models of formats 1 and 2;
        infinite with a calibration.
    calibration : Calibration or None
        Held-out scores, from which the thresholds of the labels follow for any share of false alarms; None in
        models of formats 1 and 2.
    """

    scales: tuple[BlockScale, ...]
    linear: Floats
    references: NDArray[np.float16]
    centre: Floats
    spread: Floats
    reach: Floats | None = None
    threshold: float = np.inf
    calibration: Calibration | None = None

    @property
    def false_alarms(self) -> float | None:
        """The share of known images that may be called unknown; None in a model with a threshold."""
        return None if self.calibration is None else self.calibration.false_alarms

    def thresholds(self) -> Floats:
        """Return the novelty score above which an image is unknown, (1,) or by predicted label (labels,)."""
        if self.calibration is None:
            return np.array([self.threshold])
        return self.calibration.thresholds()

    def measures(self, blocks: Mapping[str, NDArray[np.floating[Any]]]) -> Floats:
        """Return score deviation, distance and relative distance of n images, (n, 3).

        Without `reach`, they are score deviation and distance, (n, 2).
        """
        vectors = scaled(self.scales, blocks)
        scores = vectors @ self.linear[:-1] + self.linear[-1]
        distances, neighbours = nearest_rows(vectors, self.references, NEIGHBOURS)
        measures = [score_deviation(scores), distances[:, 0]]
        if self.reach is not None:
            measures.append(relative_distances(distances, neighbours, self.reach))
        return np.stack(measures, axis=1)

    def scores(self, measures: Floats) -> Floats:
        """Return the novelty scores, (n,): the sum of all measures, each in units of its spread."""
        result: Floats = ((measures - self.centre) / self.spread).sum(axis=1)
        return result


def score_deviation(scores: Floats) -> Floats:
    """Return the distance of each row of linear scores from the nearest row of the unit matrix, (n,)."""
    squares = (scores**2).sum(axis=1) - 2 * scores.max(axis=1) + 1
    result: Floats = np.sqrt(np.maximum(squares, 0.0))
    return result


def relative_distances(distances: Floats, neighbours: Integers, reach: Floats) -> Floats:
    """Return how far images are from their neighbours, compared with how far these are from theirs.

    Some kinds of defects vary more than others; only where images are close together is a small distance
    large. This is the local outlier factor (M. M. Breunig et al., SIGMOD 2000) with plain distances.

    Parameters
    ----------
    distances : (n, k) float64
    neighbours : (n, k) intp
        The distances of the images to their neighbours, and the numbers of these.
    reach : (m,) float64
        Above 0.

    Returns
    -------
    (n,) float64
        About 1 for an image that lies as close to its neighbours as they to each other.
    """
    result: Floats = distances.mean(axis=1) / reach[neighbours].mean(axis=1)
    return result


@dataclass(frozen=True, eq=False)
class Classifier:
    """A trained staged classifier.

    Attributes
    ----------
    taxonomy : Taxonomy
        With every class folder assigned to an outcome.
    identity : mapping of str to Any
        What the features must have been computed with: blocks, prepare, extractors, backbone.
    facts : TrainingFacts or None
        Training data and results, for display only; None before the evaluation.
    tuned : mapping of str to array
        Weights of a fine-tuned last block; empty if the backbone was not fine-tuned.
    """

    taxonomy: Taxonomy
    stages: Mapping[str, TrainedStage]
    novelty: Novelty
    identity: Mapping[str, Any]
    facts: TrainingFacts | None = None
    tuned: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    @property
    def labels(self) -> tuple[str, ...]:
        """Every label that it can predict."""
        return self.taxonomy.labels


@dataclass(frozen=True, eq=False)
class Prediction:
    """The predictions of a classifier for n images.

    Attributes
    ----------
    labels : (n,) intp
        The most probable label of each image, an index into `names`.
    probabilities : (n, labels) float64
    novelty_scores : (n,) float64
        An image above the threshold of its label is unknown.
    known : (n,) bool
        Whether the score is at most that threshold.
    paths : tuple of str
        The outcomes on the way to the label, joined by ' > '.
    stages : mapping of str to (n, outcomes) float64
        Probabilities of each stage for all images, including those that do not reach it.
    """

    names: tuple[str, ...]
    labels: Integers
    probabilities: Floats
    novelty_scores: Floats
    known: Flags
    paths: tuple[str, ...]
    stages: Mapping[str, Floats]

    @property
    def probability(self) -> Floats:
        """Probability of the predicted label, (n,)."""
        result: Floats = self.probabilities[np.arange(len(self.labels)), self.labels]
        return result
