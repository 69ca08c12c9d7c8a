"""Cluster a part of a large set; each other row follows the row of the part that it resembles most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from defect_workbench.core.arrays import Floats, Integers, Vectors
from defect_workbench.core.clustering.clustering_result import AGGLOMERATIVE, Analysis, Flat, Settings
from defect_workbench.core.clustering.feature_blocks import BackboneInfo
from defect_workbench.core.clustering.group_by import GroupByChoice
from defect_workbench.core.clustering.merge_tree import Tree
from defect_workbench.core.distances import SquaredDistances
from defect_workbench.core.progress import Reporter
from defect_workbench.engine.clustering.group import regroup
from defect_workbench.engine.clustering.linkage import Linkage, linkage_of
from defect_workbench.engine.features.fusion import fuse

# Rows that are this much farther from the part than almost all of its rows are from each other are outliers.
_QUANTILE = 0.999


def clusters_any_number(settings: Settings) -> bool:
    """Whether all rows of a set of any size can be clustered, and no part of it needs to be drawn."""
    return settings.method == AGGLOMERATIVE and linkage_of(settings.parameters) is Linkage.WARD


def regroup_part(
    kept: Mapping[str, Vectors],
    part: Integers,
    backbone: BackboneInfo | None,
    settings: Settings,
    reporter: Reporter,
    group_by: GroupByChoice | None = None,
) -> Analysis:
    """Cluster some rows of normalised blocks, and add the others to them.

    In the tree, each other row is merged at height 0 with the row of the part that is nearest to it, so that
    every cut keeps the two together. It has the outlier score of that row, unless it is farther from it than
    99.9% of the part's rows are from their nearest one.

    Parameters
    ----------
    kept : mapping of str to (n, d) float32
        As for `regroup`.
    part : (m,) intp
        The rows to cluster, ascending; at least one.

    Returns
    -------
    Analysis
        Of all n rows.

    Raises
    ------
    InputError, WorkbenchError, Cancelled
        As `regroup`.
    """
    some = {name: block[part] for name, block in kept.items()}
    analysis = regroup(some, backbone, settings, reporter, group_by)
    if len(part) == len(next(iter(kept.values()))):
        return analysis
    reporter.stage("Adding the others to the clusters", None)
    vectors = fuse({name: block.astype(np.float64) for name, block in kept.items()}, analysis.weights)
    others = np.setdiff1d(np.arange(len(vectors)), part)
    nearest, distance = _nearest(vectors[others], vectors[part], reporter)
    scores = np.zeros(len(vectors))
    scores[part] = analysis.outlier_scores
    scores[others] = np.maximum(analysis.outlier_scores[nearest], distance / _limit(vectors[part], reporter))
    groups = np.full(len(vectors), -1, np.int32)
    groups[part], groups[others] = analysis.outlier_groups, analysis.outlier_groups[nearest]
    result = analysis.result
    if isinstance(result, Tree):
        extended: Tree | Flat = with_followers(result, part, others, part[nearest])
    else:
        labels = np.empty(len(vectors), np.intp)
        labels[part], labels[others] = result.labels, result.labels[nearest]
        extended = replace(result, labels=labels, representatives=part[result.representatives])
    return replace(
        analysis,
        blocks=kept,
        vectors=vectors.astype(np.float32),
        outlier_scores=scores,
        found_groups=None if analysis.found_groups is None else groups,
        result=extended,
    )


def with_followers(tree: Tree, part: Integers, others: Integers, leaders: Integers) -> Tree:
    """Return a tree of more rows: each further row is first merged with a row of the given tree.

    Parameters
    ----------
    tree : Tree
        Of m rows.
    part : (m,) intp
        Their numbers in the new tree.
    others, leaders : (n - m,) intp
        The numbers of the further rows, and of the row that each is merged with, which is in `part`.
    """
    count = len(part) + len(others)
    merges = np.empty((count - 1, 4))
    top = np.arange(count)
    sizes = np.ones(count)
    for number, (row, leader) in enumerate(zip(others.tolist(), leaders.tolist(), strict=True)):
        sizes[leader] += 1
        merges[number] = row, top[leader], 0.0, sizes[leader]
        top[leader] = count + number
    first = len(others)
    # Nodes of the given tree: its rows, then its merges.
    nodes = np.concatenate([top[part], count + first + np.arange(len(tree.merges))])
    below = np.concatenate([sizes[part], np.zeros(len(tree.merges))])
    for number, (left, right) in enumerate(tree.children.tolist()):
        below[len(part) + number] = below[left] + below[right]
        merges[first + number] = nodes[left], nodes[right], tree.heights[number], below[len(part) + number]
    merges[:, :2].sort(axis=1)
    return Tree(merges, tree.micro_clusters)


def _nearest(rows: Floats, part: Floats, reporter: Reporter) -> tuple[Integers, Floats]:
    """Return the nearest row of the part for each row, and its distance."""
    nearest, distance = np.empty(len(rows), np.intp), np.empty(len(rows))
    for block, squared in SquaredDistances(rows, part).blocks():
        reporter.check()
        nearest[block] = squared.argmin(axis=1)
        distance[block] = np.sqrt(squared.min(axis=1))
    return nearest, distance


def _limit(part: Floats, reporter: Reporter) -> float:
    """Return how far a row may be from the part without being an outlier."""
    own = np.empty(len(part))
    for block, squared in SquaredDistances(part).blocks():
        reporter.check()
        squared[np.arange(block.stop - block.start), np.arange(block.start, block.stop)] = np.inf
        own[block] = np.sqrt(squared.min(axis=1))
    found = own[np.isfinite(own)]
    limit = float(np.quantile(found, _QUANTILE)) if len(found) else 0.0
    return limit if limit > 0 else np.inf
