"""The user's decisions, and the clusters and outliers that result from a cut and these decisions.

A decision either holds images in a group, whatever the cut is, or makes an image follow another one to
wherever the cut puts that. The cut only moves images without a decision.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Flags, Floats, Integers
from defect_workbench.core.clustering.clustering_result import NO_GROUP, Analysis, Flat

UNDECIDED = -1
OUTLIERS = "_outliers"
_CACHED_ORDERS = 500


@dataclass(frozen=True)
class Group:
    """The user's decisions about images that are held together.

    Attributes
    ----------
    name : str
        Empty until the user names it.
    colour : int
        Colour number of the cluster when it was first held.
    note : str
        Free text.
    ordinal : int
        Number of the cluster when it was first held, which its label keeps; 0 if it was not noted.
    """

    name: str = ""
    confirmed: bool = False
    nuisance: bool = False
    colour: int = 0
    note: str = ""
    ordinal: int = 0


@dataclass(frozen=True, eq=False)
class Decisions:
    """All decisions of the user about an image set.

    Attributes
    ----------
    held : (n,) int32
        The group of each image, or `UNDECIDED`.
    follows : (n,) int32
        The image that each image follows, or `UNDECIDED`; an image is never both held and following.
    groups : mapping of int to Group
        By number; never changed in place.
    ordinals : frozenset of int
        All ordinals that groups have or had. No other cluster gets them, so that labels are never reused.
    """

    held: NDArray[np.int32]
    follows: NDArray[np.int32]
    groups: Mapping[int, Group] = field(default_factory=dict)
    ordinals: frozenset[int] = frozenset()

    @staticmethod
    def none(images: int) -> Decisions:
        """Return no decisions, for a number of images."""
        undecided = np.full(images, UNDECIDED, np.int32)
        return Decisions(undecided, undecided)

    def hold(self, members: Integers, group: Group) -> tuple[Decisions, int]:
        """Hold images, (m,), in a new group and return its number; groups that become empty are dropped."""
        number = max(self.groups, default=-1) + 1
        return self.hold_in(members, number, group), number

    def hold_in(self, members: Integers, number: int, group: Group) -> Decisions:
        """Hold images, (m,), in the group with this number, which may be new."""
        held, follows = self.held.copy(), self.follows.copy()
        held[members], follows[members] = number, UNDECIDED
        ordinals = self.ordinals | ({group.ordinal} if group.ordinal else set())
        return Decisions(held, follows, {**self._used(held), number: group}, ordinals)

    def follow(self, members: Integers, image: int) -> Decisions:
        """Make images, (m,), follow `image`."""
        held, follows = self.held.copy(), self.follows.copy()
        held[members], follows[members] = UNDECIDED, image
        # An image that is followed must not follow another one in turn.
        follows[image] = UNDECIDED
        return replace(self, held=held, follows=follows, groups=self._used(held))

    def change(self, number: int, **fields: object) -> Decisions:
        """Change some fields of one group."""
        group = replace(self.groups[number], **fields)  # type: ignore[arg-type]
        return replace(self, groups={**self.groups, number: group})

    def with_ordinals(self, partition: Partition) -> Decisions:
        """Return the decisions with the ordinals that groups have in a partition, where none was noted."""
        groups = dict(self.groups)
        for cluster in partition.clusters:
            if cluster.number is not None and not groups[cluster.number].ordinal:
                groups[cluster.number] = replace(groups[cluster.number], ordinal=cluster.ordinal)
        return replace(self, groups=groups, ordinals=self.ordinals | {g.ordinal for g in groups.values()})

    @property
    def decided(self) -> Flags:
        """Whether the user decided about each image, (n,)."""
        return np.asarray((self.held != UNDECIDED) | (self.follows != UNDECIDED))

    def leaders(self) -> Integers:
        """Return for each image the one whose cluster it is in: itself, or the end of its chain, (n,)."""
        leaders = np.where(self.follows == UNDECIDED, np.arange(len(self.follows)), self.follows)
        for _ in range(len(leaders).bit_length()):
            leaders = leaders[leaders]
        return leaders.astype(np.intp)

    def hand_over(self, moved: Integers, partition: Partition) -> Decisions:
        """Give the followers of images, (m,), that are about to move another image to follow.

        It is the undecided image nearest to the medoid of their cluster, so that they stay there.
        """
        follows = self.follows.copy()
        leading = np.intersect1d(moved, follows[follows != UNDECIDED])
        for leader in leading.tolist():
            cluster = partition.clusters[int(partition.cluster_of[leader])]
            candidates = cluster.members[~np.isin(cluster.members, moved) & ~self.decided[cluster.members]]
            staying = np.setdiff1d(np.flatnonzero(follows == leader), moved)
            if len(candidates):
                follows[staying] = candidates[0]
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
        Identifies the cluster while the cut changes: -2 - group number if held; else its tree node, or
        its number if clusters are flat.
    label : str
        The name given by the user, or cluster-01, cluster-02, ... by its ordinal.
    members : (m,) intp
        Images by distance from the medoid.
    spread : float
        Mean distance of the images from the centroid.
    ordinal : int
        Number of the cluster from 1, by descending size at the cut, without decisions. No other cluster of
        the partition has it, and decisions about other images do not change it.
    """

    key: int
    label: str
    members: Integers
    spread: float
    ordinal: int
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
        By descending size.
    outliers : (m,) intp
        By descending outlier score.
    outlier_groups : (n,) int32
        The outlier group of each outlier, or `NO_GROUP`, as for all images that are in a cluster.
    next_ordinal : int
        For a new cluster.
    """

    clusters: tuple[Cluster, ...]
    outliers: Integers
    vectors: NDArray[np.float32]
    outlier_groups: NDArray[np.int32]
    next_ordinal: int

    @cached_property
    def cluster_of(self) -> NDArray[np.int32]:
        """Index into `clusters` of each image, (n,); -1 for outliers."""
        result = np.full(len(self.vectors), -1, np.int32)
        for index, cluster in enumerate(self.clusters):
            result[cluster.members] = index
        return result

    def named(self, name: str, besides: Cluster | None = None) -> Cluster | None:
        """Return the first cluster of a name, ignoring case, other than a given one; None without one."""
        same = (c for c in self.clusters if c.label.casefold() == name.casefold())
        return next((c for c in same if besides is None or c.key != besides.key), None)

    @property
    def outlier_group_count(self) -> int:
        """Number of outlier groups of which an image still is an outlier."""
        return len(np.unique(self.outlier_groups[self.outlier_groups != NO_GROUP]))

    def outliers_with(self, image: int) -> Integers:
        """Return the outliers in an outlier's group, (m,), by descending score; itself if it has none."""
        group = int(self.outlier_groups[image])
        if group == NO_GROUP:
            return np.array([image], np.intp)
        return np.asarray(self.outliers[self.outlier_groups[self.outliers] == group])

    @cached_property
    def centroids(self) -> Floats:
        """Mean vectors of the clusters, (clusters, d)."""
        rows = [self.vectors[c.members].mean(axis=0, dtype=np.float64) for c in self.clusters]
        return np.stack(rows) if rows else np.empty((0, self.vectors.shape[1]))

    def nearest(self, images: Integers, count: int = 1) -> tuple[Integers, Floats]:
        """Return the clusters whose centroids are nearest to each image, its own cluster included.

        Returns
        -------
        clusters : (m, count) intp
            Indices, nearest first; fewer columns if there are fewer clusters.
        distances : (m, count) float64
        """
        return _nearest(self._distances(images), count)

    def nearest_on_average(self, images: Integers, count: int = 1) -> tuple[Integers, Floats]:
        """Return the clusters whose centroids are nearest to several images on average.

        Returns
        -------
        clusters : (count,) intp
            Indices, nearest first; fewer if there are fewer clusters.
        distances : (count,) float64
            Means over the images.
        """
        order, distances = _nearest(self._distances(images).mean(axis=0, keepdims=True), count)
        return order[0], distances[0]

    def _distances(self, images: Integers) -> Floats:
        distances = np.empty((len(images), len(self.clusters)))
        rows = self.vectors[images].astype(np.float64)
        for index, centroid in enumerate(self.centroids):
            distances[:, index] = np.linalg.norm(rows - centroid, axis=1)
        return distances


def _nearest(distances: Floats, count: int) -> tuple[Integers, Floats]:
    order = np.argsort(distances, axis=1, kind="stable")[:, :count]
    return order, np.take_along_axis(distances, order, axis=1)


def base_labels(analysis: Analysis, clusters: int) -> Integers:
    """Return the key of each image's cluster without decisions, (n,): tree node, or flat cluster number."""
    result = analysis.result
    return result.labels if isinstance(result, Flat) else result.roots(clusters)


def divide(
    analysis: Analysis, clusters: int, decisions: Decisions, unknown: Flags | None = None
) -> Partition:
    """Return the clusters and outliers at a cut, with all decisions applied.

    An undecided image is an outlier if its score is above 1, if a classifier finds it unknown, or if it is
    alone in its cluster.
    """
    by_cut = base_labels(analysis, clusters).astype(np.int64)
    labels = np.where(decisions.held != UNDECIDED, -2 - decisions.held.astype(np.int64), by_cut)
    labels = labels[decisions.leaders()]
    high_score = analysis.outlier_scores > 1
    flagged = ~decisions.decided & (high_score if unknown is None else high_score | unknown)
    # The user assigned another image to these, so they are not outliers.
    flagged[decisions.follows[decisions.follows != UNDECIDED]] = False
    candidates = np.flatnonzero(~flagged)
    keys, inverse, sizes = np.unique(labels[candidates], return_inverse=True, return_counts=True)
    singleton = (sizes == 1) & (keys >= 0)
    flagged[candidates[singleton[inverse]]] = True

    grouped = np.argsort(inverse, kind="stable")
    member_lists = np.split(candidates[grouped], np.cumsum(sizes)[:-1]) if len(keys) else []
    groups = [
        (int(key), members)
        for key, members, alone in zip(keys, member_lists, singleton, strict=True)
        if not alone
    ]
    # Clusters of equal size are ordered by their first image, so that the order is repeatable.
    groups.sort(key=lambda item: (-len(item[1]), int(item[1][0])))
    numbering = _number(groups, by_cut, ~high_score, decisions, analysis.ordinals)
    user_names = {group.name.casefold() for group in decisions.groups.values() if group.name}
    result = []
    for key, members in groups:
        group = decisions.groups[-2 - key] if key < 0 else None
        ordinal = numbering.of[key]
        label = group.name if group is not None and group.name else f"cluster-{ordinal:0{numbering.width}d}"
        if label.casefold() in user_names and not (group is not None and group.name):
            label += "-auto"
        ordered, spread = _from_medoid(analysis, members)
        result.append(Cluster(key, label, ordered, spread, ordinal, group))
    outliers = np.flatnonzero(flagged)
    outliers = outliers[np.argsort(-analysis.outlier_scores[outliers], kind="stable")]
    outlier_groups = np.where(flagged, analysis.outlier_groups, NO_GROUP).astype(np.int32)
    return Partition(tuple(result), outliers, analysis.vectors, outlier_groups, numbering.next)


@dataclass(frozen=True)
class _Numbering:
    """The ordinals of clusters by their keys, the one for a new cluster, and how many digits labels have."""

    of: Mapping[int, int]
    next: int
    width: int


def _number(
    clusters: Sequence[tuple[int, Integers]],
    by_cut: Integers,
    inside: Flags,
    decisions: Decisions,
    earlier: Mapping[int, int],
) -> _Numbering:
    """Number clusters by the cut alone, so that they keep their numbers while images move between them.

    Parameters
    ----------
    clusters : sequence of (int, (m,) intp)
        Key and members, the largest first.
    by_cut : (n,) int64
        The key of each image's cluster without decisions.
    inside : (n,) bool
        Images that are no outliers by their score.
    earlier : mapping of int to int
        Numbers that open clusters had in an earlier version, by their keys.
    """
    everywhere, images = np.arange(len(by_cut)), np.flatnonzero(inside)
    exists = np.bincount(by_cut)
    sizes = np.bincount(by_cut[images], minlength=len(exists))
    first = np.zeros(len(exists), np.intp)
    for indices in (everywhere, images):
        first[by_cut[indices[::-1]]] = indices[::-1]
    keys = np.flatnonzero(exists)
    count = int((sizes > 1).sum())
    by_size = keys[np.lexsort((first[keys], -sizes[keys]))].tolist()
    rank = {key: number for number, key in enumerate(by_size, start=1)}
    places = [(key, place) for place, (key, _) in enumerate(clusters, start=1)]
    held = [(key, place, decisions.groups[-2 - key]) for key, place in places if key < 0]
    of = {key: group.ordinal for key, _, group in held if group.ordinal}
    used = {*decisions.ordinals, *earlier.values()}

    def give_places(unnoted: Sequence[tuple[int, int]]) -> None:
        for key, place in unnoted:
            of[key] = place if place not in used else max(count, *used) + 1
            used.add(of[key])

    # Groups of earlier versions have the number they were shown with: their place by size.
    give_places([(key, place) for key, place, group in held if not group.ordinal and not group.name])
    for key in sorted((key for key, _ in clusters if key >= 0), key=rank.__getitem__):
        # A held cluster may have the number, from another cut. No moved image changes the step.
        numbers = itertools.count(rank[key], max(count, 1))
        of[key] = earlier[key] if key in earlier else next(each for each in numbers if each not in used)
        used.add(of[key])
    give_places([(key, place) for key, place, group in held if not group.ordinal and group.name])
    return _Numbering(of, max(count, *used, 0) + 1, max(2, len(str(count))))


def _from_medoid(analysis: Analysis, members: Integers) -> tuple[Integers, float]:
    """Return images by distance from their medoid, and their mean distance from the centroid.

    The medoid is the image nearest to the centroid. Most clusters do not change when the cut moves, so
    results are cached with the analysis.
    """
    cache, key = analysis.orders, members.tobytes()
    if key not in cache:
        rows = analysis.vectors[members].astype(np.float64)
        from_centroid = np.linalg.norm(rows - rows.mean(axis=0), axis=1)
        from_medoid = np.linalg.norm(rows - rows[int(from_centroid.argmin())], axis=1)
        ordered = members[np.argsort(from_medoid, kind="stable")]
        if len(cache) >= _CACHED_ORDERS:
            cache.clear()
        cache[key] = ordered, float(from_centroid.mean())
    return cache[key]
