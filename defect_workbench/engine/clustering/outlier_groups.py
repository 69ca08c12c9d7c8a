"""Outlier groups: a few images that resemble each other and are far from everything else.

Nearest neighbours alone do not show them, as the nearest neighbours of such an image are the others of its
group. Therefore every small branch of the tree of average linkage is compared with the images outside it.
Two conditions must hold: its members are in a much sparser region than the images around them (local outlier
factor with the group left out, averaged over the members), and each of them is far from the images outside,
as a share of the typical distance between two images of the set.

The same comparison corrects the scores of single images: an outlier that has more than one image close to it
is part of a small group, so it is an outlier only if the group is far from everything.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Floats, Integers
from defect_workbench.core.clustering.clustering_result import NO_GROUP
from defect_workbench.engine.clustering.linkage import Linkage, build_tree
from defect_workbench.engine.clustering.outliers import (
    LOF_THRESHOLD,
    NearRows,
    distance_floor,
    local_density,
    nearest_neighbours,
    neighbour_counts,
)
from defect_workbench.engine.features.distinct_rows import distinct_rows

# Shares of the typical distance between two images of the set.
FAR = 0.8
COMPANY = 0.7
# Of the distance to the images outside: the largest distance between the halves of a group.
COHESION = 0.9
_IMAGES, _SHARE, _LARGEST_SHARE = 10, 100, 15
# In a set of more than 25,000 images, so that no more neighbours of each need to be found.
_MOST_IMAGES = 250
# Two similar outliers are as quickly reviewed one by one.
_SMALLEST = 3
# Outliers are rare. If a set consists of small classes, many of them are far from everything.
_RAREST = 10
# In a smaller set, few neighbours decide, and small classes are common.
FEWEST = 50
# Only the most isolated images are searched, so that time and memory are bounded.
_MOST_SEARCHED = 4000


@dataclass(frozen=True, eq=False)
class JudgedOutliers:
    """Outlier scores that take small groups into account.

    Attributes
    ----------
    scores : (n,) float64
        An image with a score above 1 is an outlier.
    groups : (n,) int32
        The outlier group of each image, from 0 by descending score, or `NO_GROUP`.
    """

    scores: Floats
    groups: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class _Branch:
    """A branch of the tree: its rows, the merge height, the score, and the distance to the rows outside."""

    rows: Integers
    height: float
    score: float
    distance: float


def largest_group(images: int) -> int:
    """Return the most images that an outlier group of a set may have.

    Ten or 1 %, at most a fifteenth, and never more than 250.
    """
    return min(max(_IMAGES, images // _SHARE), images // _LARGEST_SHARE, _MOST_IMAGES)


def neighbours_needed(rows: int) -> int:
    """Return how many neighbours of each row are needed, as the nearest may all be in the same group."""
    return min(rows - 1, largest_group(rows) - 1 + neighbour_counts(rows)[-1])


def judge_small_groups(vectors: Floats, scores: Floats, near: NearRows | None = None) -> JudgedOutliers:
    """Find outlier groups, and adjust the scores of single images.

    The score of a group is the smaller of its mean logarithm of the local outlier factor and the least
    distance of a member from the images outside, each divided by its threshold. If it is above 1, it is the
    least score of each member. The scores of other images remain, but an image with company is no outlier.

    Parameters
    ----------
    vectors : (n, d) float64
    scores : (n,) float64
        As `outliers.outlier_scores` returns them.
    near : NearRows, optional
        Of these rows, with `neighbours_needed` neighbours, if these have been found.

    Returns
    -------
    JudgedOutliers
        Without groups, and with the same scores, if there are fewer than fifty different rows.
    """
    first, inverse = distinct_rows(vectors) if near is None else (near.first, near.inverse)
    groups = np.full(len(vectors), NO_GROUP, np.int32)
    if len(first) < FEWEST:
        return JudgedOutliers(scores, groups)
    # Copies of an image are one point, as they would otherwise be each other's nearest neighbours.
    typical = float(np.sqrt(2 * ((vectors - vectors.mean(axis=0)) ** 2).sum(axis=1).mean()))
    copies = np.bincount(inverse)
    rows = vectors[first]
    found = (near.distances, near.indices) if near else nearest_neighbours(rows, neighbours_needed(len(rows)))
    search = _Search(rows, copies, largest_group(len(vectors)), FAR * typical, *found)
    flagged = _highest([branch for branch in search.branches() if branch.score > 1], copies)

    best = np.zeros(len(first))
    for branch in flagged:
        best[branch.rows] = np.maximum(best[branch.rows], branch.score)
    has_company = (search.distances[:, 1] <= COMPANY * typical) & (best == 0)
    adjusted = np.where(has_company[inverse], np.minimum(scores, 1.0), scores)
    adjusted = np.where(best[inverse] > 0, np.maximum(adjusted, best[inverse]), adjusted)

    members = [np.flatnonzero(np.isin(inverse, rows)) for rows in _cohesive(flagged)]
    members = [images for images in members if len(images) >= _SMALLEST]
    members.sort(key=lambda images: (-float(adjusted[images].max()), int(images[0])))
    for number, images in enumerate(members):
        groups[images] = number
    return JudgedOutliers(adjusted, groups)


def _highest(flagged: list[_Branch], copies: Integers) -> list[_Branch]:
    """Return the branches of the highest scores that together are no more than a tenth of the images."""
    included = np.zeros(len(copies), bool)
    chosen = []
    for number in sorted(range(len(flagged)), key=lambda number: -flagged[number].score):
        images = included.copy()
        images[flagged[number].rows] = True
        if _RAREST * copies[images].sum() <= copies.sum():
            included = images
            chosen.append(number)
    return [flagged[number] for number in sorted(chosen)]


def _cohesive(flagged: list[_Branch]) -> list[Integers]:
    """Return the rows of the largest branches whose members are closer to each other than to rows outside."""
    taken: set[int] = set()
    result = []
    # Branches are nested, and a larger one comes after its parts.
    for branch in reversed(flagged):
        if branch.height <= COHESION * branch.distance and not taken.intersection(branch.rows.tolist()):
            taken.update(branch.rows.tolist())
            result.append(branch.rows)
    return result


class _Search:
    """Scores of small branches, each against the rows outside it.

    Parameters
    ----------
    rows : (m, d) float64
        All different.
    copies : (m,) intp
        Number of images of each row.
    most : int
        Largest number of images of a branch.
    far : float
        Threshold of the distance to the rows outside.
    distances, indices : (m, k) float64 and intp
        The `neighbours_needed` rows nearest to each row, the nearest first.
    """

    def __init__(
        self, rows: Floats, copies: Integers, most: int, far: float, distances: Floats, indices: Integers
    ) -> None:
        self._rows, self._copies, self._most, self._far = rows, copies, most, far
        self._counts = neighbour_counts(len(rows))
        self._most_rows = largest_group(len(rows))
        self.distances, self._indices = distances, indices
        self._floor = distance_floor(self.distances[:, self._counts[0] - 1])
        self._reach = {k: self.distances[:, k - 1] for k in self._counts}
        self._density = {
            k: local_density(self.distances[:, :k], self._indices[:, :k], reach, self._floor)
            for k, reach in self._reach.items()
        }

    def branches(self) -> list[_Branch]:
        """Return the scored branches, each after its parts; those that are surely not far are left out."""
        searched = self._searched()
        nodes: list[tuple[Integers, float]] = [(np.array([row]), 0.0) for row in searched.tolist()]
        if len(searched) > 1:
            tree = build_tree(self._rows[searched], Linkage.AVERAGE)
            small = np.flatnonzero(tree.merges[:, 3] <= self._most_rows).tolist()
            nodes += [(searched[tree.members(tree.leaves + i)], float(tree.heights[i])) for i in small]
        fifth = self._counts[0] - 1
        return [
            self._scored(members, height)
            for members, height in nodes
            if self._copies[members].sum() <= self._most
            and (self.distances[members, fifth + len(members) - 1] >= self._far).all()
        ]

    def _searched(self) -> Integers:
        """Return the rows that are far even if all others of the largest possible group are left out."""
        reach = self.distances[:, self._counts[0] + self._most_rows - 2]
        searched = np.flatnonzero(reach >= self._far)
        if len(searched) > _MOST_SEARCHED:
            order = np.argsort(-reach[searched], kind="stable")[:_MOST_SEARCHED]
            searched = np.sort(searched[order])
        return searched

    def _outside(self, members: Integers) -> tuple[Floats, Integers]:
        """Return distances and indices of the rows nearest to each member, the other members left out."""
        inside = np.isin(self._indices[members], members)
        columns = np.argsort(inside, axis=1, kind="stable")[:, : self._counts[-1]]
        near = np.take_along_axis(self.distances[members], columns, axis=1)
        return near, np.take_along_axis(self._indices[members], columns, axis=1)

    def _scored(self, members: Integers, height: float) -> _Branch:
        """Return a branch with its score and its distance to the rows outside, the geometric mean."""
        near, indices = self._outside(members)
        factors = []
        for k in self._counts:
            around = self._density[k][indices[:, :k]].mean(axis=1)
            own = local_density(near[:, :k], indices[:, :k], self._reach[k], self._floor)
            factors.append(np.log(around / own).mean())
        fifth = near[:, self._counts[0] - 1]
        score = min(float(np.mean(factors)) / LOF_THRESHOLD, float(fifth.min()) / self._far)
        return _Branch(members, height, score, float(np.exp(np.log(fifth).mean())))
