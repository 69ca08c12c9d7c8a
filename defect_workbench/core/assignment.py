"""Which image is in which cluster: a cut, and on top of it what a person decided.

A decision holds images in a group of their own, whatever the cut does later; the cut moves only images
nobody decided about.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.analysis import Analysis
from defect_workbench.core.tree import Integers

UNDECIDED = -1
OUTLIERS = "_outliers"


@dataclass(frozen=True)
class Group:
    """What a person said of the images held together.

    Attributes
    ----------
    name : str
        Empty until one is given.
    colour : int
        Number of the colour the cluster had when it was first held.
    """

    name: str = ""
    confirmed: bool = False
    nuisance: bool = False
    colour: int = 0


@dataclass(frozen=True, eq=False)
class Decisions:
    """Everything a person decided.

    Attributes
    ----------
    held : (n,) int32
        For each image its group, or `UNDECIDED`.
    groups : mapping of int to Group
        Never changed in place.
    """

    held: NDArray[np.int32]
    groups: Mapping[int, Group] = field(default_factory=dict)

    @staticmethod
    def none(images: int) -> Decisions:
        """Nothing decided yet."""
        return Decisions(np.full(images, UNDECIDED, np.int32))

    def hold(self, members: Integers, group: Group) -> tuple[Decisions, int]:
        """Hold images in a new group; groups left empty by that are dropped."""
        number = max(self.groups, default=-1) + 1
        held = self.held.copy()
        held[members] = number
        kept = {key: value for key, value in self.groups.items() if (held == key).any()}
        return Decisions(held, {**kept, number: group}), number

    def change(self, number: int, **fields: object) -> Decisions:
        """The same with other words about one group."""
        return Decisions(self.held, {**self.groups, number: replace(self.groups[number], **fields)})  # type: ignore[arg-type]


@dataclass(frozen=True, eq=False)
class Cluster:
    """Images that belong together.

    Attributes
    ----------
    key : int
        Stays with the cluster while the cut moves: its tree node (or exemplar) if open, -2 - group
        number if held.
    label : str
        The given name, or cluster-01, cluster-02, ... by falling size.
    members : (m,) intp
        From the medoid outwards.
    spread : float
        Mean distance from the centroid.
    """

    key: int
    label: str
    members: Integers
    spread: float
    group: Group | None = None

    @property
    def number(self) -> int | None:
        """The group number of a held cluster."""
        return None if self.group is None else -2 - self.key


@dataclass(frozen=True, eq=False)
class Partition:
    """The clusters and outliers of an image set.

    Attributes
    ----------
    clusters : tuple of Cluster
        By falling size.
    outliers : (m,) intp
        By falling score.
    """

    clusters: tuple[Cluster, ...]
    outliers: Integers
    vectors: NDArray[np.float32]

    @cached_property
    def cluster_of(self) -> NDArray[np.int32]:
        """(n,) index into `clusters` for each image; -1 for outliers."""
        result = np.full(len(self.vectors), -1, np.int32)
        for index, cluster in enumerate(self.clusters):
            result[cluster.members] = index
        return result

    @cached_property
    def centroids(self) -> NDArray[np.float64]:
        """(clusters, d) mean vectors."""
        rows = [self.vectors[c.members].mean(axis=0, dtype=np.float64) for c in self.clusters]
        return np.stack(rows) if rows else np.empty((0, self.vectors.shape[1]))

    def nearest(self, images: Integers, count: int = 1) -> tuple[Integers, NDArray[np.float64]]:
        """The clusters whose centroids are nearest, an image's own not excluded.

        Returns
        -------
        clusters : (m, count) intp
            Indices, nearest first; fewer columns where there are fewer clusters.
        distances : (m, count) float64
        """
        difference = np.empty((len(images), len(self.clusters)))
        rows = self.vectors[images].astype(np.float64)
        for index, centroid in enumerate(self.centroids):
            difference[:, index] = np.linalg.norm(rows - centroid, axis=1)
        order = np.argsort(difference, axis=1, kind="stable")[:, :count]
        return order, np.take_along_axis(difference, order, axis=1)


def base_labels(analysis: Analysis, clusters: int) -> Integers:
    """(n,) the key of each image's cluster before any decision."""
    return analysis.exemplar_labels if analysis.tree is None else analysis.tree.roots(clusters)


def divide(analysis: Analysis, clusters: int, decisions: Decisions) -> Partition:
    """Clusters and outliers at a cut, with every decision kept.

    An undecided image is an outlier if its score is above 1, or if it is alone in its cluster.
    """
    labels = base_labels(analysis, clusters).astype(np.int64)
    decided = decisions.held != UNDECIDED
    labels = np.where(decided, -2 - decisions.held.astype(np.int64), labels)
    flagged = ~decided & (analysis.outlier_scores > 1)
    candidates = np.flatnonzero(~flagged)
    keys, inverse, sizes = np.unique(labels[candidates], return_inverse=True, return_counts=True)
    alone = (sizes == 1) & (keys >= 0)
    flagged[candidates[alone[inverse]]] = True

    grouped = np.argsort(inverse, kind="stable")
    pieces = np.split(candidates[grouped], np.cumsum(sizes)[:-1]) if len(keys) else []
    found = [
        (int(key), members) for key, members, single in zip(keys, pieces, alone, strict=True) if not single
    ]
    # Equal sizes in the order of their first image, so that numbering is repeatable.
    found.sort(key=lambda item: (-len(item[1]), int(item[1][0])))
    width = max(2, len(str(len(found))))
    given = {group.name.casefold() for group in decisions.groups.values() if group.name}
    result = []
    for number, (key, members) in enumerate(found, start=1):
        group = decisions.groups[-2 - key] if key < 0 else None
        label = group.name if group is not None and group.name else f"cluster-{number:0{width}d}"
        if label.casefold() in given and not (group is not None and group.name):
            label += "-auto"
        ordered, spread = _from_medoid(analysis.vectors[members])
        result.append(Cluster(key, label, members[ordered], spread, group))
    outliers = np.flatnonzero(flagged)
    outliers = outliers[np.argsort(-analysis.outlier_scores[outliers], kind="stable")]
    return Partition(tuple(result), outliers, analysis.vectors)


def _from_medoid(vectors: NDArray[np.float32]) -> tuple[Integers, float]:
    """Rows by distance from the medoid, and the mean distance from the centroid.

    The medoid under squared distances is the row nearest to the centroid.
    """
    rows = vectors.astype(np.float64)
    from_centroid = np.linalg.norm(rows - rows.mean(axis=0), axis=1)
    from_medoid = np.linalg.norm(rows - rows[int(from_centroid.argmin())], axis=1)
    return np.argsort(from_medoid, kind="stable"), float(from_centroid.mean())
