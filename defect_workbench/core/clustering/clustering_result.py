"""What the engine finds in an image set, before a person decides anything. Immutable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

import numpy as np

from defect_workbench.core.arrays import Floats, Integers, Vectors
from defect_workbench.core.clustering.feature_blocks import BackboneInfo, BlockWeights
from defect_workbench.core.clustering.merge_tree import Tree
from defect_workbench.core.images.preprocessing_steps import DEFAULT, Processing


class Method(StrEnum):
    """How clusters are formed."""

    AGGLOMERATIVE = "agglomerative"
    AFFINITY = "affinity"


class Linkage(StrEnum):
    """Linkages whose heights only rise; the others would make cuts ambiguous."""

    WARD = "ward"
    AVERAGE = "average"
    COMPLETE = "complete"
    SINGLE = "single"


@dataclass(frozen=True)
class Suggestion:
    """A cut worth looking at.

    Attributes
    ----------
    height : float
        Of the cut.
    clusters, singletons : int
        What it gives, before outliers are set apart.
    score : float
        Of `engine.cuts`; larger is better, comparable within one tree only.
    why : str
        The reason in words.
    """

    height: float
    clusters: int
    singletons: int
    score: float
    why: str


@dataclass(frozen=True)
class Settings:
    """What a person can choose about the grouping.

    `weights` None means chosen from the data. `processing` is how the pictures were prepared before their
    features were taken: another one means other vectors.
    """

    method: Method = Method.AGGLOMERATIVE
    linkage: Linkage = Linkage.WARD
    weights: BlockWeights | None = None
    preference: float | None = None
    damping: float = 0.7
    seed: int = 0
    processing: Processing = DEFAULT


@dataclass(frozen=True, eq=False)
class Analysis:
    """Fused vectors, and what was found in them.

    Attributes
    ----------
    blocks : mapping of str to (n, d) float32
        Normalised and reduced, before the weights: all that a new weighting needs.
    vectors : (n, d) float32
        Fused and reduced; Euclidean distances between rows are the distances of everything below.
    tree : Tree or None
        Of the images; None for affinity propagation.
    suggestions : tuple of Suggestion
        Best first; empty for affinity propagation.
    exemplars, exemplar_labels, exemplar_tree
        Of affinity propagation: the exemplar images, each image's index among them, and the tree
        over the exemplars' vectors.
    outlier_scores : (n,) float64
        1 is the threshold above which an image is flagged.
    """

    settings: Settings
    weights: BlockWeights
    backbone: BackboneInfo | None
    blocks: Mapping[str, Vectors]
    vectors: Vectors
    outlier_scores: Floats
    tree: Tree | None = None
    suggestions: tuple[Suggestion, ...] = ()
    exemplars: Integers = field(default_factory=lambda: np.empty(0, np.intp))
    exemplar_labels: Integers = field(default_factory=lambda: np.empty(0, np.intp))
    exemplar_tree: Tree | None = None

    def __len__(self) -> int:
        return len(self.vectors)

    @cached_property
    def orders(self) -> dict[bytes, tuple[Integers, float]]:
        """Orders from the medoid and spreads found so far, by the bytes of the members."""
        return {}
