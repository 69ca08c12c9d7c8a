"""A trained classifier as numbers: what a model file holds, and what it says of features.

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
from defect_workbench.core.classifier.training_facts import TrainingFacts
from defect_workbench.core.clustering.feature_blocks import DEEP

EARLIER = "earlier"


@dataclass(frozen=True, eq=False)
class BlockScale:
    """How one block of features enters a head.

    Deep vectors are divided by their L2 norm and centred; columns of the others are standardised and
    clipped. The factor brings the block to its weight in mean squared norm.

    Attributes
    ----------
    centre, divisor : (d,) float64
    """

    block: str
    centre: Floats
    divisor: Floats
    factor: float
    clip: float = 0.0

    def apply(self, values: NDArray[np.floating[Any]]) -> Floats:
        """(n, d) scaled values."""
        rows = values.astype(np.float64)
        if self.block == DEEP:
            rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
        rows = (rows - self.centre) / self.divisor
        if self.clip:
            rows = np.clip(rows, -self.clip, self.clip)
        result: Floats = rows * self.factor
        return result


@dataclass(frozen=True, eq=False)
class Head:
    """Scaled blocks, a linear path beside a small network, and a temperature.

    logits = (skip * (x A + a) + relu(x P / s W1 + b1) W2 + b2) / temperature

    Attributes
    ----------
    classes : tuple of str
        Outcomes of the stage, in the order of the columns.
    linear : (d + 1, c) float64
        A, its last row a.
    axes : (d, r) float64
        P / s: the leading axes of the training vectors, scaled for the network.
    hidden : (r + 1, h) float64
        W1, its last row b1.
    output : (h + 1, c) float64
        W2, its last row b2.
    """

    classes: tuple[str, ...]
    scales: tuple[BlockScale, ...]
    linear: Floats
    axes: Floats
    hidden: Floats
    output: Floats
    skip: float
    temperature: float
    notes: Mapping[str, Any] = field(default_factory=dict)

    def vectors(self, blocks: Mapping[str, NDArray[np.floating[Any]]]) -> Floats:
        """(n, d) the scaled blocks, concatenated."""
        return scaled(self.scales, blocks)

    def beliefs(self, vectors: Floats) -> Floats:
        """(n, c) what the linear path says: 1 for a typical image of a class, 0 for those of others."""
        result: Floats = vectors @ self.linear[:-1] + self.linear[-1]
        return result

    def logits(self, vectors: Floats) -> Floats:
        """(n, c) calibrated log-odds."""
        hidden = np.maximum(vectors @ self.axes @ self.hidden[:-1] + self.hidden[-1], 0.0)
        raw = self.skip * self.beliefs(vectors) + hidden @ self.output[:-1] + self.output[-1]
        result: Floats = raw / self.temperature
        return result

    def probabilities(self, vectors: Floats) -> Floats:
        """(n, c) calibrated probabilities."""
        return softmax(self.logits(vectors))


def softmax(logits: Floats) -> Floats:
    """Row by row."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    result: Floats = powers / powers.sum(axis=1, keepdims=True)
    return result


@dataclass(frozen=True, eq=False)
class Novelty:
    """What tells images of unknown kinds: two measures, each on the scale of known images.

    The gap is how far an image's beliefs are from those of a typical image of any label (1 for it, 0 for
    all others); the distance is that to the nearest training image.

    Attributes
    ----------
    scales : tuple of BlockScale
        Blocks in which both are measured.
    linear : (d + 1, labels) float64
        As of a head, over all labels.
    references : (m, d) float16
        Training images.
    centre, spread : (2,) float64
        Of gap and distance: median, and 95th percentile less median, of known images held out.
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
        """(n, 2) gap and distance of images."""
        vectors = scaled(self.scales, blocks)
        beliefs = vectors @ self.linear[:-1] + self.linear[-1]
        return np.stack([belief_gap(beliefs), nearest_distance(vectors, self.references)], axis=1)

    def doubt(self, measures: Floats) -> Floats:
        """(n,) the sum of both measures, each over its scale."""
        result: Floats = ((measures - self.centre) / self.spread).sum(axis=1)
        return result


def scaled(scales: tuple[BlockScale, ...], blocks: Mapping[str, NDArray[np.floating[Any]]]) -> Floats:
    """(n, d) the scaled blocks, concatenated."""
    return np.concatenate([scale.apply(blocks[scale.block]) for scale in scales], axis=1)


def belief_gap(beliefs: Floats) -> Floats:
    """(n,) distance of each row from the nearest row of the unit matrix."""
    squares = (beliefs**2).sum(axis=1) - 2 * beliefs.max(axis=1) + 1
    result: Floats = np.sqrt(np.maximum(squares, 0.0))
    return result


def nearest_distance(vectors: Floats, references: NDArray[np.float16]) -> Floats:
    """(n,) distance of each row to the nearest reference."""
    others = references.astype(np.float64)
    squares = (others**2).sum(axis=1)
    found = np.empty(len(vectors))
    for start in range(0, len(vectors), 1024):
        rows = vectors[start : start + 1024]
        least = (squares[None, :] - 2 * rows @ others.T).min(axis=1)
        found[start : start + 1024] = np.sqrt(np.maximum((rows**2).sum(axis=1) + least, 0.0))
    return found


@dataclass(frozen=True, eq=False)
class TrainedStage:
    """What training found for one stage of the taxonomy.

    Attributes
    ----------
    head : Head or None
        Of a stage of classes with more than one outcome.
    limit : float or None
        Of a size stage.
    threshold : float or None
        Of a noise stage.
    """

    name: str
    head: Head | None = None
    limit: float | None = None
    threshold: float | None = None
    notes: Mapping[str, Any] = field(default_factory=dict)


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
    """What a classifier says of images.

    Attributes
    ----------
    labels : (n,) intp
        The likeliest label of each image, an index into `names`.
    probabilities : (n, labels) float64
    doubt : (n,) float64
        Larger is stranger; not known above the classifier's threshold.
    known : (n,) bool
    paths : tuple of str
        The stages' findings on the way to the label, joined by ' > '.
    stages : mapping of str to (n, outcomes) float64
        Each stage's probabilities, for all images, whether they get there or not.
    """

    names: tuple[str, ...]
    labels: Integers
    probabilities: Floats
    doubt: Floats
    known: Flags
    paths: tuple[str, ...]
    stages: Mapping[str, Floats]

    @property
    def probability(self) -> Floats:
        """(n,) of the label given."""
        result: Floats = self.probabilities[np.arange(len(self.labels)), self.labels]
        return result
