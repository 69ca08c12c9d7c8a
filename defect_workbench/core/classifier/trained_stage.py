"""A trained stage: scaled blocks, a head, parameters. Applying it needs only NumPy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Floats
from defect_workbench.core.clustering.feature_blocks import current_name
from defect_workbench.core.normalisation import unit_rows
from defect_workbench.core.typed_json import decode_fields

# The feature block with the results of earlier stages.
UPSTREAM = "upstream"
FORMER_UPSTREAM = "earlier"


def current_block(name: str) -> str:
    """Return the current name of an input block of a head, given a name from any version."""
    return UPSTREAM if name == FORMER_UPSTREAM else current_name(name)


@dataclass(frozen=True, eq=False)
class BlockScale:
    """The scaling of one feature block for a head.

    Embeddings are divided by their L2 norm (`unit_rows`) and centred; columns of other blocks are
    standardised and clipped. The factor makes the mean squared norm of the block equal to its weight.

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
        """Return the scaled values, (n, d)."""
        rows = unit_rows(values) if self.unit_rows else values.astype(np.float64)
        rows = (rows - self.centre) / self.divisor
        if self.clip:
            rows = np.clip(rows, -self.clip, self.clip)
        result: Floats = rows * self.factor
        return result


@dataclass(frozen=True)
class HeadTraining:
    """How a head was trained, for reports.

    Attributes
    ----------
    weights : mapping of str to float
        By feature block; 0 for one that does not help.
    strength : float
        Of the penalty of the linear classifier.
    epochs : tuple of int
        After which the network was best, per part of the training images that was held out.
    held_out_loss : float
        Of the linear classifier.
    """

    weights: Mapping[str, float]
    strength: float
    epochs: tuple[int, ...]
    held_out_loss: float

    def as_json(self) -> dict[str, Any]:
        """Return JSON values for the model file."""
        return {
            "weights": dict(self.weights),
            "strength": self.strength,
            "epochs": list(self.epochs),
            "held_out_loss": self.held_out_loss,
        }

    @classmethod
    def from_json(cls, value: object, where: str) -> HeadTraining:
        """Return the values in JSON of this or an earlier version, which had other names of blocks.

        Raises
        ------
        InputError
        """
        read = decode_fields(cls, value, where)
        return replace(read, weights={current_block(name): weight for name, weight in read.weights.items()})


@dataclass(frozen=True, eq=False)
class Head:
    """A head: a linear classifier plus a small network on scaled blocks, and a temperature.

    logits = (skip * (x A + a) + relu(x P / s W1 + b1) W2 + b2) / temperature

    Attributes
    ----------
    classes : tuple of str
        Outcomes of the stage, in column order.
    linear : (d + 1, c) float64
        A, with a as the last row.
    axes : (d, r) float64
        P / s: the leading axes of the training vectors, scaled for the network.
    hidden : (r + 1, h) float64
        W1, with b1 as the last row.
    output : (h + 1, c) float64
        W2, with b2 as the last row.
    """

    classes: tuple[str, ...]
    scales: tuple[BlockScale, ...]
    linear: Floats
    axes: Floats
    hidden: Floats
    output: Floats
    skip: float
    temperature: float
    training: HeadTraining

    def vectors(self, blocks: Mapping[str, NDArray[np.floating[Any]]]) -> Floats:
        """Return the scaled blocks, concatenated, (n, d)."""
        return scaled(self.scales, blocks)

    def linear_scores(self, vectors: Floats) -> Floats:
        """Return linear scores, (n, c): 1 for a typical image of the class, 0 for one of another class."""
        result: Floats = vectors @ self.linear[:-1] + self.linear[-1]
        return result

    def logits(self, vectors: Floats) -> Floats:
        """Return calibrated logits, (n, c)."""
        hidden = np.maximum(vectors @ self.axes @ self.hidden[:-1] + self.hidden[-1], 0.0)
        raw = self.skip * self.linear_scores(vectors) + hidden @ self.output[:-1] + self.output[-1]
        result: Floats = raw / self.temperature
        return result

    def probabilities(self, vectors: Floats) -> Floats:
        """Return calibrated probabilities, (n, c)."""
        return softmax(self.logits(vectors))


def softmax(logits: Floats) -> Floats:
    """Return the softmax of each row."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    result: Floats = powers / powers.sum(axis=1, keepdims=True)
    return result


def scaled(scales: tuple[BlockScale, ...], blocks: Mapping[str, NDArray[np.floating[Any]]]) -> Floats:
    """Return the scaled blocks, concatenated, (n, d)."""
    return np.concatenate([scale.apply(blocks[scale.block]) for scale in scales], axis=1)


@dataclass(frozen=True, eq=False)
class TrainedStage:
    """One stage of a trained classifier.

    Attributes
    ----------
    head : Head or None
        None for a stage that does not use a head.
    parameters : mapping of str to float
        Parameters of a measuring stage, such as the limit of a size stage.
    learnt : str
        Where the parameters come from, for reports.
    """

    name: str
    head: Head | None = None
    parameters: Mapping[str, float] = field(default_factory=dict)
    learnt: str = ""
