"""Ward's tree of many rows in two levels: micro-clusters, and a tree over them.

Below, clusters that are each other's nearest merge until there are few enough micro-clusters to compare all
pairs of them; above, a matrix of distances gives their tree, in which each counts as often as it has rows.
Both are merges of Ward's tree of all rows: it only differs where two distances are equal up to rounding.
Memory is bounded.
"""

from __future__ import annotations

import math

import numpy as np

from defect_workbench.core.arrays import Floats, Integers
from defect_workbench.core.clustering.merge_tree import Tree
from defect_workbench.core.progress import Reporter
from defect_workbench.core.text import counted
from defect_workbench.engine.clustering.large.micro_clusters import merge_mutual_nearest
from defect_workbench.engine.clustering.large.weighted_ward import weighted_ward
from defect_workbench.engine.features.distinct_rows import distinct_rows

# Their matrix takes 0.5 GB. With more of them, the upper tree takes longer than the search that it saves.
MOST_MICRO_CLUSTERS = 8000


def two_level_tree(vectors: Floats, budget: int, reporter: Reporter) -> Tree:
    """Return a merge tree of the rows by Ward's linkage.

    Parameters
    ----------
    vectors : (n, d) float64
    budget : int
        Memory for distances, in bytes.
    reporter : Reporter
        Shows the progress.

    Returns
    -------
    Tree
        Its `micro_clusters` is their number.

    Raises
    ------
    Cancelled
        If the user cancelled.
    """
    most = max(2, min(MOST_MICRO_CLUSTERS, math.isqrt(budget // 8)))
    first, inverse = distinct_rows(vectors)
    copies = np.bincount(inverse)
    reporter.stage("Building the dendrogram: micro-clusters", max(0, len(first) - most))
    low = merge_mutual_nearest(vectors[first], copies, most, reporter)
    reporter.stage(f"Building the dendrogram of {counted(len(low.rows), 'micro-cluster')}", None)
    pairs, heights = weighted_ward(low.centroids, low.sizes, reporter.check, low.heights)
    # Equal rows merge first, at height 0.
    others = np.setdiff1d(np.arange(len(vectors)), first)
    equal = np.stack([first[inverse[others]], others], axis=1)
    merges = _numbered(
        np.concatenate([equal, first[low.pairs], first[low.rows[pairs]]]),
        np.concatenate([np.zeros(len(others)), low.pair_heights, heights]),
    )
    return Tree(merges, len(low.rows))


def _numbered(pairs: Integers, heights: Floats) -> Floats:
    """Return merges of rows as a linkage matrix: by height, with the nodes that merge instead of rows.

    Parameters
    ----------
    pairs : (n - 1, 2) intp
        A row of each of the two branches that merge; the merges of a branch come before its own.
    heights : (n - 1,) float64
    """
    count = len(pairs) + 1
    order = np.argsort(heights, kind="stable")
    merges = np.empty((count - 1, 4))
    merges[:, 2] = heights[order]
    above = list(range(2 * count - 1))
    sizes = [1] * count
    for number, pair in enumerate(pairs[order].tolist()):
        nodes = []
        for node in pair:
            while above[node] != node:
                # Halves the way for those that follow.
                above[node] = above[above[node]]
                node = above[node]
            nodes.append(node)
            above[node] = count + number
        sizes.append(sizes[nodes[0]] + sizes[nodes[1]])
        merges[number, [0, 1, 3]] = *sorted(nodes), sizes[-1]
    return merges
