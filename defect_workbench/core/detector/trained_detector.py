"""A trained detector as plain data: its labels, its tensors, and what it was trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Tensors = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class CurvePoint:
    """The state of a training at one time.

    Attributes
    ----------
    epoch : float
    loss : float
        Mean since the previous point.
    ap50 : float
        Average precision of the held-out images at an intersection over union of .50.
    """

    epoch: float
    loss: float
    ap50: float


@dataclass(frozen=True)
class DetectorFacts:
    """What a detector was trained on, and how.

    Attributes
    ----------
    images, held_out : int
        Images that were trained on, and images that only chose the threshold and the end of the training.
    boxes : mapping of str to int
        Boxes of each label, in both together.
    epochs : float
        How often each image was seen, on average over its area.
    seconds : float
        Duration, with all interruptions left out.
    seed : int
    start : str
        The weights that the training began with.
    version : str
        Of the program.
    figures : mapping of str to float
        Of the held-out images: `ap50`, `recall`, `precision`, `count_mae`, `count_exact`.
    curve : tuple of CurvePoint
    """

    images: int
    held_out: int
    boxes: Mapping[str, int]
    epochs: float
    seconds: float
    seed: int
    start: str
    version: str
    figures: Mapping[str, float] = field(default_factory=dict)
    curve: tuple[CurvePoint, ...] = ()


@dataclass(frozen=True)
class DetectorSettings:
    """What a detector needs to know besides its tensors.

    Attributes
    ----------
    labels : tuple of str
        The kinds of defects, in the order of the network's outputs.
    scale : float
        Images are resized by this factor.
    with_references : bool
        Whether it compares each image with a golden reference.
    variant : str
        Of the network in its backbone; a `Variant`.
    threshold : float
        Scores from here on are defects.
    turned : bool
        Whether images are also searched upside down, and both results are averaged.
    repetition : float
        By how much scores fall where the content of a box repeats in the image; 0 for not at all.
    """

    labels: tuple[str, ...]
    scale: float
    with_references: bool
    variant: str
    threshold: float = 0.5
    turned: bool = False
    repetition: float = 0.0

    def __post_init__(self) -> None:
        if not self.labels or len(set(self.labels)) != len(self.labels):
            raise ValueError("the labels of a detector must be different")
        if not 0.01 <= self.scale <= 100:
            raise ValueError(f"images cannot be resized by {self.scale}")
        if not 0 < self.threshold < 1:
            raise ValueError("the threshold must be above 0 and below 1")
        if not 0 <= self.repetition <= 100:
            raise ValueError(f"repetition cannot have a weight of {self.repetition}")


@dataclass(frozen=True, eq=False)
class TrainedDetector:
    """A trained detector.

    Attributes
    ----------
    tensors : mapping of str to ndarray
        All of the network, in half precision.
    """

    settings: DetectorSettings
    facts: DetectorFacts
    tensors: Tensors

    def __post_init__(self) -> None:
        if not all(np.isfinite(each).all() for each in self.tensors.values()):
            raise ValueError("the detector has values that are not finite")
