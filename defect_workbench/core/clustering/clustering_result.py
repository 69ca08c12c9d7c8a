"""Settings of clustering and its result, before any decision of the user. Immutable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Floats, Integers, Vectors
from defect_workbench.core.clustering.feature_blocks import BackboneInfo, BlockWeights
from defect_workbench.core.clustering.group_by import GroupBy, GroupByChoice
from defect_workbench.core.clustering.merge_tree import Tree
from defect_workbench.core.images.defect_items import Items
from defect_workbench.core.images.preprocessing_steps import DEFAULT, Preprocessing
from defect_workbench.core.parameters import Value

AGGLOMERATIVE = "agglomerative"
NO_GROUP = -1


@dataclass(frozen=True)
class Suggestion:
    """A suggested cut.

    Attributes
    ----------
    height : float
        Height of the cut.
    clusters, singletons : int
        Number of clusters, and of clusters with one image, before outliers are separated.
    score : float
        From `engine.clustering.cut_suggestions`; larger is better, comparable within one tree only.
    why : str
        The reason, as shown to the user.
    """

    height: float
    clusters: int
    singletons: int
    score: float
    why: str


@dataclass(frozen=True)
class Settings:
    """The settings of clustering that the user can choose.

    Attributes
    ----------
    method : str
        Name of the clustering method, one of those in `engine.clustering.registry`.
    parameters : mapping of str to str, float or None
        Parameters of the method, by name; a parameter that is missing has its default.
    weights : BlockWeights or None
        None: chosen from the data.
    seed : int
        Seed of all random numbers.
    processing : Preprocessing
        How the images were preprocessed before their features were computed. Other preprocessing gives
        other vectors.
    outlier_groups : bool
        Whether small groups are judged as one when outliers are searched. Sessions of earlier versions were
        made without this and keep their outliers.
    outlier_pictures : bool
        Whether outliers are also searched in whole pictures where images are grouped by the defect. Sessions
        of earlier versions were made without this, too.
    group_by : GroupBy
        What to group by; weights that the user set take precedence.
    reference, clean : str
        Folders of golden references and of clean images, for defect maps; empty if there are none.
    clean_images : tuple of str
        SHA-256 of images of the set itself that are clean, for defect maps. At most one of the three is set.
    items : Items
        Whether whole images or the defects in them are grouped.
    """

    method: str = AGGLOMERATIVE
    parameters: Mapping[str, Value] = field(default_factory=dict)
    weights: BlockWeights | None = None
    seed: int = 0
    processing: Preprocessing = DEFAULT
    outlier_groups: bool = True
    outlier_pictures: bool = True
    group_by: GroupBy = GroupBy.AUTO
    reference: str = ""
    clean: str = ""
    clean_images: tuple[str, ...] = ()
    items: Items = Items.PICTURES


@dataclass(frozen=True, eq=False)
class Flat:
    """Clusters from a method that builds no tree of all images.

    Attributes
    ----------
    labels : (n,) intp
        The cluster of each image, from 0.
    representatives : (k,) intp
        The image that represents each cluster.
    tree_of_representatives : Tree or None
        Tree of the representatives; shown in reports.
    """

    labels: Integers
    representatives: Integers
    tree_of_representatives: Tree | None = None


@dataclass(frozen=True, eq=False)
class Analysis:
    """The result of clustering: fusion vectors, outlier scores, and a tree or flat clusters.

    Attributes
    ----------
    blocks : mapping of str to (n, d) float32
        Normalised and reduced, but not weighted, so that the weights can be changed.
    vectors : (n, d) float32
        Fusion vectors, reduced; all distances are Euclidean distances between these rows.
    outlier_scores : (n,) float64
        An image with a score above 1 is flagged.
    result : Tree or Flat
        A tree of all images, to be cut, or flat clusters.
    suggestions : tuple of Suggestion
        Cuts of the tree, best first; empty for flat clusters.
    identity : mapping of str to Any
        Identity of the features, as in `Features`; empty in sessions of earlier versions.
    found_groups : (n,) int32 or None
        The outlier group of each image, from 0, or `NO_GROUP`; None if there is no group.
    picture_scores : (n,) float64 or None
        How little each image resembles the others as a whole picture. Where images are grouped by the defect,
        `outlier_scores` are at least these. None if defects are not described, and in sessions of earlier
        versions.
    group_by : GroupByChoice
        What the images are grouped by, and why.
    ordinals : mapping of int to int
        Numbers of clusters by their keys, where sessions of earlier versions numbered them differently.
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
    found_groups: NDArray[np.int32] | None = None
    picture_scores: Floats | None = None
    group_by: GroupByChoice = field(default_factory=GroupByChoice)
    ordinals: Mapping[int, int] = field(default_factory=dict)

    @cached_property
    def outlier_groups(self) -> NDArray[np.int32]:
        """The outlier group of each image, from 0, or `NO_GROUP`, (n,).

        An outlier group is a few images that resemble each other and no others.
        """
        if self.found_groups is None:
            return np.full(len(self), NO_GROUP, np.int32)
        return self.found_groups

    @property
    def tree(self) -> Tree | None:
        """The tree of all images; None for flat clusters."""
        return self.result if isinstance(self.result, Tree) else None

    @property
    def flat(self) -> Flat | None:
        """The flat clusters; None if there is a tree."""
        return self.result if isinstance(self.result, Flat) else None

    @property
    def suggested_cut(self) -> int:
        """Number of clusters of the best cut; 0 for flat clusters, which are not cut."""
        return self.suggestions[0].clusters if self.suggestions else 0

    def __len__(self) -> int:
        return len(self.vectors)

    @cached_property
    def orders(self) -> dict[bytes, tuple[Integers, float]]:
        """Cache of a cluster's members from its medoid on, (m,), and its spread, by their bytes."""
        return {}
