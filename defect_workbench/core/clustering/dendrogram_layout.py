"""Positions of the nodes and lines of a dendrogram."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from defect_workbench.core.arrays import Floats, Integers
from defect_workbench.core.clustering.merge_tree import Tree


@dataclass(frozen=True, eq=False)
class Layout:
    """Positions of all 2n-1 nodes: leaves at 0.5, 1.5, ... from left to right, merges at their heights.

    Attributes
    ----------
    x, y : (2n-1,) float64
    left, right : (2n-1,) float64
        x of the leftmost and the rightmost leaf below each node.
    """

    x: Floats
    y: Floats
    left: Floats
    right: Floats


def lay_out(tree: Tree) -> Layout:
    """Return the positions of the nodes of a tree."""
    n = tree.leaves
    leaves, y = np.empty(n), np.zeros(2 * n - 1)
    leaves[tree.leaf_order] = np.arange(n) + 0.5
    y[n:] = tree.heights
    # Single elements of lists are read several times as fast as those of arrays.
    x = leaves.tolist()
    left, right = x.copy(), x.copy()
    for a, b in tree.children.tolist():
        x.append((x[a] + x[b]) / 2)
        left.append(min(left[a], left[b]))
        right.append(max(right[a], right[b]))
    return Layout(np.array(x), y, np.array(left), np.array(right))


def segments(tree: Tree, layout: Layout, at_least: float = 0.0) -> Floats:
    """The lines of the merges at or above a height.

    Returns
    -------
    (3 m, 2, 2) float64
        m left legs, m right legs, m bars; each from (x, y) to (x, y).
    """
    first = int(np.searchsorted(tree.heights, at_least, side="left"))
    nodes = np.arange(tree.leaves + first, 2 * tree.leaves - 1)
    a, b = tree.children[first:, 0], tree.children[first:, 1]
    x, y = layout.x, layout.y

    def legs(child: Integers) -> Floats:
        return np.stack([np.stack([x[child], y[child]], 1), np.stack([x[child], y[nodes]], 1)], axis=1)

    bars = np.stack([np.stack([x[a], y[nodes]], 1), np.stack([x[b], y[nodes]], 1)], axis=1)
    return np.concatenate([legs(a), legs(b), bars])
