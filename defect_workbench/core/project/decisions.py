"""The decisions of a person, and the clusters and outliers that a cut and these decisions give together.

A decision either holds images in a group of their own, whatever the cut does later, or says that an
image belongs with another one, which it then follows wherever the cut puts that. The cut moves only
images nobody decided about.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Flags, Floats, Integers
from defect_workbench.core.clustering.clustering_result import Analysis, Flat

UNDECIDED = -1
OUTLIERS = "_outliers"
_MOST_KNOWN = 500


@dataclass(frozen=True)
class Group:
    """What a person decided about images that are held together.

    Attributes
    ----------
    name : str
        Empty until one is given.
    colour : int
        Number of the colour that the cluster had when it was first held.
    note : str
        Free text.
    """

    name: str = ""
    confirmed: bool = False
    nuisance: bool = False
    colour: int = 0
    note: str = ""


@dataclass(frozen=True, eq=False)
class Decisions:
    """All decisions of a person about the images of a set.

    Attributes
    ----------
    held : (n,) int32
        For each image its group, or `UNDECIDED`.
    follows : (n,) int32
        For each image the one it belongs with, or `UNDECIDED`; never both held and following.
    groups : mapping of int to Group
        By number; never changed in place.
    """

    held: NDArray[np.int32]
    follows: NDArray[np.int32]
    groups: Mapping[int, Group] = field(default_factory=dict)

    @staticmethod
    def none(images: int) -> Decisions:
        """No decisions yet."""
        nothing = np.full(images, UNDECIDED, np.int32)
        return Decisions(nothing, nothing)

    def hold(self, members: Integers, group: Group) -> tuple[Decisions, int]:
        """Hold images in a new group and return its number; groups that become empty are dropped."""
        number = max(self.groups, default=-1) + 1
        return self.hold_in(members, number, group), number

    def hold_in(self, members: Integers, number: int, group: Group) -> Decisions:
        """Hold images in the group of this number, which may be new."""
        held, follows = self.held.copy(), self.follows.copy()
        held[members], follows[members] = number, UNDECIDED
        return Decisions(held, follows, {**self._used(held), number: group})

    def follow(self, members: Integers, image: int) -> Decisions:
        """From now on, images belong wherever `image` belongs."""
        held, follows = self.held.copy(), self.follows.copy()
        held[members], follows[members] = UNDECIDED, image
        # An image that is followed must not follow another one in turn.
        follows[image] = UNDECIDED
        return Decisions(held, follows, self._used(held))

    def change(self, number: int, **fields: object) -> Decisions:
        """The decisions with some fields of one group changed."""
        group = replace(self.groups[number], **fields)  # type: ignore[arg-type]
        return Decisions(self.held, self.follows, {**self.groups, number: group})

    @property
    def decided(self) -> Flags:
        """(n,) whether a person decided about the image."""
        return np.asarray((self.held != UNDECIDED) | (self.follows != UNDECIDED))

    def leaders(self) -> Integers:
        """(n,) for each image the one that it is put with: itself, or the last of the chain it follows."""
        leads = np.where(self.follows == UNDECIDED, np.arange(len(self.follows)), self.follows)
        for _ in range(len(leads).bit_length()):
            leads = leads[leads]
        return leads.astype(np.intp)

    def hand_over(self, moved: Integers, partition: Partition) -> Decisions:
        """Give the followers of images that are about to move away another image to follow.

        It is the undecided image nearest to the medoid of the cluster they are in, so that they stay there.
        """
        follows = self.follows.copy()
        leading = np.intersect1d(moved, follows[follows != UNDECIDED])
        for leader in leading.tolist():
            cluster = partition.clusters[int(partition.cluster_of[leader])]
            left = cluster.members[~np.isin(cluster.members, moved) & ~self.decided[cluster.members]]
            staying = np.setdiff1d(np.flatnonzero(follows == leader), moved)
            if len(left):
                follows[staying] = left[0]
        return replace(self, follows=follows)

    def _used(self, held: NDArray[np.int32]) -> dict[int, Group]:
        present = set(np.unique(held).tolist())
        return {number: group for number, group in self.groups.items() if number in present}


@dataclass(frozen=True, eq=False)
class Cluster:
    """One cluster of a partition.

    Attributes
    ----------
    key : int
        Stays with the cluster while the cut moves: its tree node (its number where clusters are flat) if
        open, -2 - group number if held.
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
        The largest first.
    outliers : (m,) intp
        The highest score first.
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
    def centroids(self) -> Floats:
        """(clusters, d) mean vectors."""
        rows = [self.vectors[c.members].mean(axis=0, dtype=np.float64) for c in self.clusters]
        return np.stack(rows) if rows else np.empty((0, self.vectors.shape[1]))

    def nearest(self, images: Integers, count: int = 1) -> tuple[Integers, Floats]:
        """The clusters whose centroids are nearest to each image, its own cluster included.

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
    """(n,) key of each image's cluster before any decision: a tree node, or a number of a flat cluster."""
    result = analysis.result
    return result.labels if isinstance(result, Flat) else result.roots(clusters)


def divide(
    analysis: Analysis, clusters: int, decisions: Decisions, unknown: Flags | None = None
) -> Partition:
    """The clusters and outliers at a cut, with every decision applied.

    An undecided image is an outlier if its score is above 1, if a classifier does not know its kind
    (`unknown`), or if it is alone in its cluster.
    """
    labels = base_labels(analysis, clusters).astype(np.int64)
    labels = np.where(decisions.held != UNDECIDED, -2 - decisions.held.astype(np.int64), labels)
    labels = labels[decisions.leaders()]
    strange = analysis.outlier_scores > 1
    flagged = ~decisions.decided & (strange if unknown is None else strange | unknown)
    # A person put another image with these, so they are not outliers.
    flagged[decisions.follows[decisions.follows != UNDECIDED]] = False
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
        ordered, spread = _from_medoid(analysis, members)
        result.append(Cluster(key, label, ordered, spread, group))
    outliers = np.flatnonzero(flagged)
    outliers = outliers[np.argsort(-analysis.outlier_scores[outliers], kind="stable")]
    return Partition(tuple(result), outliers, analysis.vectors)


def _from_medoid(analysis: Analysis, members: Integers) -> tuple[Integers, float]:
    """Images by distance from their medoid, and their mean distance from the centroid.

    The medoid under squared distances is the image nearest to the centroid. Most clusters outlive a
    moved cut, so what was found is kept with the vectors.
    """
    known, key = analysis.orders, members.tobytes()
    if key not in known:
        rows = analysis.vectors[members].astype(np.float64)
        from_centroid = np.linalg.norm(rows - rows.mean(axis=0), axis=1)
        from_medoid = np.linalg.norm(rows - rows[int(from_centroid.argmin())], axis=1)
        ordered = members[np.argsort(from_medoid, kind="stable")]
        if len(known) >= _MOST_KNOWN:
            known.clear()
        known[key] = ordered, float(from_centroid.mean())
    return known[key]
