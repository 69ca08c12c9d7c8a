"""Suggest cuts of a tree.

A gap in the merge heights is evidence of clusters only where it is larger than what data without
clusters would show. The reference is the same data with each column shuffled on its own: the same
spread in every direction, no clusters (after the gap statistic of R. Tibshirani, G. Walther,
T. Hastie, J. R. Statist. Soc. B 63, 2001, applied to merge heights). The score of k clusters is

    (gap - half the gap of the reference) x (mean silhouette)^2,
    gap = log(height of the merge that ends k / height of the merge before it),

and the best cut is the k with the largest score among k >= 3: the largest gap is nearly always at two
clusters, which is never what a person wants.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from defect_workbench.core.arrays import Floats, Integers
from defect_workbench.core.clustering.clustering_result import Suggestion
from defect_workbench.core.clustering.merge_tree import Tree
from defect_workbench.core.distances import distances
from defect_workbench.engine.clustering.linkage import Linkage, build_tree
from defect_workbench.engine.features.distinct_rows import distinct_rows

MAX_CLUSTERS = 30
SUGGESTIONS = 5
# Not all of the reference gap, as shuffled columns with two peaks form clusters themselves.
_EXPECTED_SHARE = 0.5
_REFERENCES = 10
_REFERENCE_ROWS = 600
_SILHOUETTE_ROWS = 2000


@dataclass(frozen=True)
class CutScores:
    """Evidence for each number of clusters; all arrays of one length.

    Attributes
    ----------
    clusters : (m,) int
        2, 3, ...
    gaps, expected : (m,) float64
        Log ratio of merge heights around the cut, and that of the reference.
    silhouettes : (m,) float64
    """

    clusters: Integers
    gaps: Floats
    expected: Floats
    silhouettes: Floats

    @property
    def scores(self) -> Floats:
        """(m,) float64: surplus of the gap times squared silhouette; -inf for two clusters."""
        surplus = self.gaps - _EXPECTED_SHARE * self.expected
        scores = np.where(surplus > 0, surplus * np.maximum(self.silhouettes, 0.0) ** 2, surplus)
        return np.where(self.clusters > 2, scores, -np.inf)


def _log_gaps(tree: Tree, count: int) -> Floats:
    """Log ratio of successive heights for 2, 3, ... clusters, at most `count` of them."""
    falling = tree.heights[::-1]
    floor = max(float(falling[0]) * 1e-9, 1e-300) if len(falling) else 1e-300
    logs = np.log(np.maximum(falling[: count + 1], floor))
    return logs[:-1] - logs[1:]


def _reference_gaps(vectors: Floats, linkage: Linkage, count: int, rng: np.random.Generator) -> Floats:
    rows = vectors
    if len(rows) > _REFERENCE_ROWS:
        rows = rows[rng.choice(len(rows), _REFERENCE_ROWS, replace=False)]
    gaps = np.zeros((_REFERENCES, count))
    for trial in range(_REFERENCES):
        found = _log_gaps(build_tree(rng.permuted(rows, axis=0), linkage), count)
        gaps[trial, : len(found)] = found
    return np.asarray(gaps.mean(axis=0))


def silhouettes(vectors: Floats, partitions: list[Integers]) -> Floats:
    """Mean silhouette of each partition of the same rows.

    Source: P. J. Rousseeuw, J. Comput. Appl. Math. 20 (1987). A row alone in its cluster counts 0.

    Parameters
    ----------
    vectors : (n, d) float64
    partitions : list of (n,) int
        Any labels.
    """
    between = distances(vectors)
    means = np.zeros(len(partitions))
    rows = np.arange(len(vectors))
    for index, labels in enumerate(partitions):
        _, own = np.unique(labels, return_inverse=True)
        member = np.eye(own.max() + 1)[own]
        sizes = member.sum(axis=0)
        if len(sizes) < 2:
            continue
        sums = between @ member
        inner = sums[rows, own] / np.maximum(sizes[own] - 1, 1)
        others = sums / sizes
        others[rows, own] = np.inf
        outer = others.min(axis=1)
        width = np.where(sizes[own] > 1, (outer - inner) / np.maximum(np.maximum(inner, outer), 1e-300), 0.0)
        means[index] = width.mean()
    return means


def score_cuts(vectors: Floats, tree: Tree, linkage: Linkage, seed: int = 0) -> CutScores:
    """Score the cuts into 2..30 clusters.

    Parameters
    ----------
    vectors : (n, d) float64
        The rows the tree was built from.
    seed : int
        Of the reference and of the sample of rows that large sets are judged by.
    """
    rng = np.random.default_rng(seed)
    # Copies of an image merge at the height 0; the step from there is not a gap between clusters.
    different = len(distinct_rows(vectors)[0])
    count = max(0, min(MAX_CLUSTERS - 1, different - 2))
    clusters = np.arange(2, count + 2)
    if count == 0:
        empty = np.empty(0)
        return CutScores(clusters, empty, empty, empty)
    expected = _reference_gaps(vectors, linkage, count, rng)
    sample = np.arange(len(vectors))
    if len(vectors) > _SILHOUETTE_ROWS:
        sample = np.sort(rng.choice(len(vectors), _SILHOUETTE_ROWS, replace=False))
    partitions = [tree.roots(int(k))[sample] for k in clusters]
    return CutScores(clusters, _log_gaps(tree, count), expected, silhouettes(vectors[sample], partitions))


def suggest_cuts(tree: Tree, scored: CutScores) -> tuple[Suggestion, ...]:
    """Up to five cuts, best first; at least one.

    They are the cuts with the highest positive scores, and always the one with the largest silhouette.

    Parameters
    ----------
    tree : Tree
    scored : CutScores
        Of this tree.

    Returns
    -------
    tuple of Suggestion
    """
    if tree.leaves < 2:
        return (Suggestion(tree.height_of(1), 1, tree.leaves, 0.0, "there is only one image"),)
    if not (scored.clusters > 2).any():
        return (_suggestion(tree, 1, 0.0, "too few images to distinguish clusters"),)
    scores = scored.scores
    order = [int(i) for i in np.argsort(-scores, kind="stable") if np.isfinite(scores[i])]
    best = order[0]
    fullest = int(np.argmax(scored.silhouettes))
    chosen = [best] + [i for i in order[1:] if scores[i] > 0 and i != fullest][: SUGGESTIONS - 2]
    if fullest not in chosen:
        chosen.append(fullest)
    suggestions = []
    for index in chosen:
        ratio, usual = np.exp(scored.gaps[index]), np.exp(scored.expected[index])
        why = (
            f"the next merge is {ratio:.2f} times as high (x{usual:.2f} without clusters), "
            f"silhouette {scored.silhouettes[index]:.2f}"
        )
        if index == best and scores[index] <= 0:
            why = "no cut stands out; " + why
        elif index == fullest:
            why += ", the largest of all cuts"
        score = float(scores[index]) if np.isfinite(scores[index]) else 0.0
        suggestions.append(_suggestion(tree, int(scored.clusters[index]), score, why))
    return tuple(suggestions)


def _suggestion(tree: Tree, clusters: int, score: float, why: str) -> Suggestion:
    return Suggestion(tree.height_of(clusters), clusters, tree.singletons(clusters), score, why)
