"""A trained classifier as data, and its predictions.

Training is the engine's work; applying a head needs numpy alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Flags, Floats, Integers
from defect_workbench.core.classifier.taxonomy import Taxonomy
from defect_workbench.core.classifier.trained_stage import BlockScale, TrainedStage, scaled
from defect_workbench.core.classifier.training_facts import TrainingFacts
from defect_workbench.core.distances import nearest_distances


@dataclass(frozen=True, eq=False)
class Novelty:
    """Recognises images of unknown kinds by two measures, each on the scale of known images.

    The score deviation is how far an image's linear scores are from those of a typical image of any label (1
    for it, 0 for all others); the distance is that to the nearest training image. They are compared with
    other measures in docs/adr/0015-novelty-score.md.

    Attributes
    ----------
    scales : tuple of BlockScale
        Blocks in which both are measured.
    linear : (d + 1, labels) float64
        The linear path of a head over all labels.
    references : (m, d) float16
        Training images.
    centre, spread : (2,) float64
        Of score deviation and distance: median, and 95th percentile less median, of known images held out.
    threshold : float
        Of the sum of both; above it an image is unknown.
    """

    scales: tuple[BlockScale, ...]
    linear: Floats
    references: NDArray[np.float16]
    centre: Floats
    spread: Floats
    threshold: float = np.inf

    def measures(self, blocks: Mapping[str, NDArray[np.floating[Any]]]) -> Floats:
        """(n, 2) score deviation and distance of images."""
        vectors = scaled(self.scales, blocks)
        scores = vectors @ self.linear[:-1] + self.linear[-1]
        return np.stack([score_deviation(scores), nearest_distances(vectors, self.references)], axis=1)

    def scores(self, measures: Floats) -> Floats:
        """(n,) novelty scores: the sum of both measures, each in units of its spread."""
        result: Floats = ((measures - self.centre) / self.spread).sum(axis=1)
        return result


def score_deviation(scores: Floats) -> Floats:
    """(n,) distance of each row of linear scores from the nearest row of the unit matrix."""
    squares = (scores**2).sum(axis=1) - 2 * scores.max(axis=1) + 1
    result: Floats = np.sqrt(np.maximum(squares, 0.0))
    return result


@dataclass(frozen=True, eq=False)
class Classifier:
    """A trained staged classifier.

    Attributes
    ----------
    taxonomy : Taxonomy
        With every training folder in its place.
    identity : mapping of str to Any
        What features must have been made with: blocks, prepare, extractors, backbone.
    facts : TrainingFacts or None
        From what it was trained, and its figures; shown, not used. None until it was evaluated.
    tuned : mapping of str to array
        Weights of a fine-tuned last block; empty if the backbone was left as it is.
    """

    taxonomy: Taxonomy
    stages: Mapping[str, TrainedStage]
    novelty: Novelty
    identity: Mapping[str, Any]
    facts: TrainingFacts | None = None
    tuned: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    @property
    def labels(self) -> tuple[str, ...]:
        """Every label it can give."""
        return self.taxonomy.labels


@dataclass(frozen=True, eq=False)
class Prediction:
    """The predictions of a classifier for n images.

    Attributes
    ----------
    labels : (n,) intp
        The likeliest label of each image, an index into `names`.
    probabilities : (n, labels) float64
    novelty_scores : (n,) float64
        An image above the threshold of the classifier is unknown.
    known : (n,) bool
    paths : tuple of str
        The outcomes on the way to the label, joined by ' > '.
    stages : mapping of str to (n, outcomes) float64
        Each stage's probabilities, for all images, whether they get there or not.
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
        """(n,) of the label given."""
        result: Floats = self.probabilities[np.arange(len(self.labels)), self.labels]
        return result
