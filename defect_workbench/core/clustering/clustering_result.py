"""Settings of clustering and its result, before any decision of a person. Immutable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from defect_workbench.core.arrays import Floats, Integers, Vectors
from defect_workbench.core.clustering.feature_blocks import BackboneInfo, BlockWeights
from defect_workbench.core.clustering.merge_tree import Tree
from defect_workbench.core.images.preprocessing_steps import DEFAULT, Preprocessing
from defect_workbench.core.parameters import Value

AGGLOMERATIVE = "agglomerative"


@dataclass(frozen=True)
class Suggestion:
    """A cut that is worth looking at.

    Attributes
    ----------
    height : float
        Height of the cut.
    clusters, singletons : int
        Numbers of all clusters and of those with one image, before outliers are set apart.
    score : float
        Of `engine.clustering.cut_suggestions`; larger is better, comparable within one tree only.
    why : str
        The reason, for people.
    """

    height: float
    clusters: int
    singletons: int
    score: float
    why: str


@dataclass(frozen=True)
class Settings:
    """What a person can choose about the grouping.

    Attributes
    ----------
    method : str
        Name of the clustering method; `engine.clustering.registry` knows which there are.
    parameters : mapping of str to str, float or None
        Of the method, by name; those that are not named have their defaults.
    weights : BlockWeights or None
        None means chosen from the data.
    seed : int
        Of everything that is drawn at random.
    processing : Preprocessing
        How the images were preprocessed before their features were computed: another one means other
        vectors.
    """

    method: str = AGGLOMERATIVE
    parameters: Mapping[str, Value] = field(default_factory=dict)
    weights: BlockWeights | None = None
    seed: int = 0
    processing: Preprocessing = DEFAULT


@dataclass(frozen=True, eq=False)
class Flat:
    """Clusters from a method that builds no tree of all images.

    Attributes
    ----------
    labels : (n,) intp
        The cluster of each image, from 0.
    representatives : (k,) intp
        The image that stands for each cluster.
    tree_of_representatives : Tree or None
        Of their vectors; shown in reports.
    """

    labels: Integers
    representatives: Integers
    tree_of_representatives: Tree | None = None


@dataclass(frozen=True, eq=False)
class Analysis:
    """Fused vectors, and what was found in them.

    Attributes
    ----------
    blocks : mapping of str to (n, d) float32
        Normalised and reduced, before the weights: all that a new weighting needs.
    vectors : (n, d) float32
        Fused and reduced; Euclidean distances between rows are the distances of everything below.
    outlier_scores : (n,) float64
        1 is the threshold above which an image is flagged.
    result : Tree or Flat
        What the method found: a tree of all images, to be cut, or clusters as they are.
    suggestions : tuple of Suggestion
        Cuts of the tree, best first; empty for flat clusters.
    identity : mapping of str to Any
        Of the features, as `Features` has it; empty in sessions of earlier versions.
    """

    settings: Settings
    weights: BlockWeights
    backbone: BackboneInfo | None
    blocks: Mapping[str, Vectors]
    vectors: Vectors
    outlier_scores: Floats
    result: Tree | Flat
    suggestions: tuple[Suggestion, ...] = ()
    identity: Mapping[str, Any] = field(default_factory=dict)

    @property
    def tree(self) -> Tree | None:
        """The tree of all images; None for flat clusters."""
        return self.result if isinstance(self.result, Tree) else None

    @property
    def flat(self) -> Flat | None:
        """The flat clusters; None where there is a tree."""
        return self.result if isinstance(self.result, Flat) else None

    @property
    def suggested_cut(self) -> int:
        """Number of clusters of the best cut; 0 for flat clusters, which are not cut."""
        return self.suggestions[0].clusters if self.suggestions else 0

    def __len__(self) -> int:
        return len(self.vectors)

    @cached_property
    def orders(self) -> dict[bytes, tuple[Integers, float]]:
        """Orders from the medoid and spreads found so far, by the bytes of the members."""
        return {}
