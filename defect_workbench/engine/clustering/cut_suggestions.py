"""Suggest cuts of a tree.

A gap in the merge heights is evidence of clusters only if it is larger than in data without clusters. The
reference is the same data with each column shuffled separately, which has the same spread in every direction
but no clusters (after the gap statistic of R. Tibshirani, G. Walther, T. Hastie, J. R. Statist. Soc. B 63,
2001, applied to merge heights). The score of k clusters is

    (gap - half the gap of the reference) x (mean silhouette)^2,
    gap = log(height of the merge that ends k / height of the merge before it),

and the best cut is the k with the largest score among k >= 3: the largest gap is nearly always at two
clusters, which is of little use.
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
# Only half of the reference gap, as shuffled columns with two peaks form clusters themselves.
_EXPECTED_SHARE = 0.5
_REFERENCES = 10
_REFERENCE_ROWS = 600
_SILHOUETTE_ROWS = 2000
_MOST_RATIO = 10
_CLEAR, _WEAK = 0.5, 0.25


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
        """(m,) float64: excess of the gap times squared silhouette; -inf for two clusters."""
        excess = self.gaps - _EXPECTED_SHARE * self.expected
        scores = np.where(excess > 0, excess * np.maximum(self.silhouettes, 0.0) ** 2, excess)
        return np.where(self.clusters > 2, scores, -np.inf)


def _log_gaps(tree: Tree, count: int) -> Floats:
    """Return the log ratios of successive merge heights for 2, 3, ... clusters, at most `count` of them."""
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
        trial_gaps = _log_gaps(build_tree(rng.permuted(rows, axis=0), linkage), count)
        gaps[trial, : len(trial_gaps)] = trial_gaps
    return np.asarray(gaps.mean(axis=0))


def silhouettes(vectors: Floats, partitions: list[Integers]) -> Floats:
    """Return the mean silhouette of each partition of the same rows.

    Source: P. J. Rousseeuw, J. Comput. Appl. Math. 20 (1987). A row alone in its cluster has a silhouette of
    0.

    Parameters
    ----------
    vectors : (n, d) float64
    partitions : list of p (n,) int
        Any labels.

    Returns
    -------
    (p,) float64
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
        The rows from which the tree was built.
    seed : int
        Seed of the reference, and of the sample of rows that is used of large sets.
    """
    rng = np.random.default_rng(seed)
    # Identical images merge at height 0; the step from there is not a gap between clusters.
    distinct = len(distinct_rows(vectors)[0])
    count = max(0, min(MAX_CLUSTERS - 1, distinct - 2))
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
    """Return one to five suggested cuts, the best first.

    They are the cuts with the highest positive scores, and always the one with the largest silhouette.

    Parameters
    ----------
    tree : Tree
    scored : CutScores
        Scores of this tree.

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
    best_silhouette = int(np.argmax(scored.silhouettes))
    chosen = [best] + [i for i in order[1:] if scores[i] > 0 and i != best_silhouette][: SUGGESTIONS - 2]
    if best_silhouette not in chosen:
        chosen.append(best_silhouette)
    suggestions = []
    for index in chosen:
        ratio, expected = np.exp(scored.gaps[index]), np.exp(scored.expected[index])
        silhouette = float(scored.silhouettes[index])
        largest = ", the largest of all cuts" if index == best_silhouette else ""
        why = (
            f"the next merge joins clusters {_farther(ratio)} than the last one "
            f"(by chance {expected - 1:.0%}); the clusters {_separation(silhouette)} "
            f"(silhouette {silhouette:.2f}{largest})"
        )
        if index == best and scores[index] <= 0:
            why = "no cut stands out; " + why
        score = float(scores[index]) if np.isfinite(scores[index]) else 0.0
        suggestions.append(_suggestion(tree, int(scored.clusters[index]), score, why))
    return tuple(suggestions)


def _farther(ratio: float) -> str:
    """Return the text for how much higher a merge is than the one before it."""
    if ratio < _MOST_RATIO:
        return f"{ratio - 1:.0%} farther apart"
    return f"more than {_MOST_RATIO} times farther apart"


def _separation(silhouette: float) -> str:
    """Return how well clusters are separated; the limits are those of Kaufman and Rousseeuw (1990)."""
    if silhouette > _CLEAR:
        return "are clearly separated"
    return "touch" if silhouette > _WEAK else "overlap"


def _suggestion(tree: Tree, clusters: int, score: float, why: str) -> Suggestion:
    return Suggestion(tree.height_of(clusters), clusters, tree.singletons(clusters), score, why)
