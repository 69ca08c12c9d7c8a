"""A trained stage as numbers: scaled blocks, a head, parameters. Applying it needs numpy alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Floats
from defect_workbench.core.clustering.feature_blocks import current_name
from defect_workbench.core.normalisation import unit_rows

# The block of what earlier stages found.
UPSTREAM = "upstream"
FORMER_UPSTREAM = "earlier"


def current_block(name: str) -> str:
    """Today's name of a block that a head takes, from that in a file of any version."""
    return UPSTREAM if name == FORMER_UPSTREAM else current_name(name)


@dataclass(frozen=True, eq=False)
class BlockScale:
    """How one block of features enters a head.

    Vectors of a network are divided by their L2 norm (`unit_rows`) and centred; columns of the others are
    standardised and clipped. The factor brings the block to its weight in mean squared norm.

    Attributes
    ----------
    centre, divisor : (d,) float64
    """

    block: str
    centre: Floats
    divisor: Floats
    factor: float
    clip: float = 0.0
    unit_rows: bool = False

    def apply(self, values: NDArray[np.floating[Any]]) -> Floats:
        """(n, d) scaled values."""
        rows = unit_rows(values) if self.unit_rows else values.astype(np.float64)
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

    def linear_scores(self, vectors: Floats) -> Floats:
        """(n, c) scores of the linear path: 1 for a typical image of a class, 0 for those of others."""
        result: Floats = vectors @ self.linear[:-1] + self.linear[-1]
        return result

    def logits(self, vectors: Floats) -> Floats:
        """(n, c) calibrated log-odds."""
        hidden = np.maximum(vectors @ self.axes @ self.hidden[:-1] + self.hidden[-1], 0.0)
        raw = self.skip * self.linear_scores(vectors) + hidden @ self.output[:-1] + self.output[-1]
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


def scaled(scales: tuple[BlockScale, ...], blocks: Mapping[str, NDArray[np.floating[Any]]]) -> Floats:
    """(n, d) the scaled blocks, concatenated."""
    return np.concatenate([scale.apply(blocks[scale.block]) for scale in scales], axis=1)


@dataclass(frozen=True, eq=False)
class TrainedStage:
    """What training found for one stage of the taxonomy.

    Attributes
    ----------
    head : Head or None
        If the stage decides by one.
    parameters : mapping of str to float
        What it decides by otherwise, such as the limit of a size stage.
    notes : mapping of str to Any
        How the stage came by these, for reports.
    """

    name: str
    head: Head | None = None
    parameters: Mapping[str, float] = field(default_factory=dict)
    notes: Mapping[str, Any] = field(default_factory=dict)
