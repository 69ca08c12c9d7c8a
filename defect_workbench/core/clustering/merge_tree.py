"""The merge tree of an agglomerative clustering, and its cuts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from defect_workbench.core.arrays import Floats, Integers
from defect_workbench.core.text import counted


@dataclass(frozen=True, eq=False)
class Tree:
    """A monotone merge tree.

    Leaves are nodes 0..n-1; merge i creates node n+i. A cut is a number of clusters k, for which the last k-1
    merges are undone. Unlike a height, k is unambiguous where merges have equal heights.

    Attributes
    ----------
    merges : (n-1, 4) float64
        SciPy's linkage matrix: the two nodes, the height, the number of leaves.
    micro_clusters : int
        If there were too many leaves to compare all pairs, the number of small clusters over which the upper
        part of the tree was built; else 0.
    """

    merges: Floats
    micro_clusters: int = 0

    @property
    def leaves(self) -> int:
        """Number of leaves n."""
        return len(self.merges) + 1

    @property
    def levels(self) -> str:
        """How a tree of many leaves was built, shown to the user; empty if all pairs were compared."""
        if not self.micro_clusters:
            return ""
        return f"tree in two levels: {counted(self.micro_clusters, 'micro-cluster')}"

    @cached_property
    def heights(self) -> Floats:
        """(n-1,) merge heights, ascending."""
        return np.ascontiguousarray(self.merges[:, 2])

    @cached_property
    def children(self) -> Integers:
        """(n-1, 2) nodes joined by each merge."""
        return self.merges[:, :2].astype(np.intp)

    @cached_property
    def leaf_order(self) -> Integers:
        """(n,) leaves from left to right, so that no branches cross."""
        n = self.leaves
        sizes = np.concatenate([np.ones(n, np.intp), self.merges[:, 3].astype(np.intp)]).tolist()
        start, children = [0] * (2 * n - 1), self.children.tolist()
        for merge in range(n - 2, -1, -1):
            left, right = children[merge]
            start[left] = start[n + merge]
            start[right] = start[n + merge] + sizes[left]
        order = np.empty(n, np.intp)
        order[start[:n]] = np.arange(n)
        return order

    def clusters_at(self, height: float) -> int:
        """Return the number of clusters of a cut at `height`; a merge at exactly this height is kept."""
        return self.leaves - int(np.searchsorted(self.heights, height, side="right"))

    def height_of(self, clusters: int) -> float:
        """Return the height of a cut into `clusters` clusters: midway between the merges on both sides."""
        kept = self.leaves - min(max(clusters, 1), self.leaves)
        top = self.heights[-1] if self.leaves > 1 else 1.0
        low = self.heights[kept - 1] if kept else 0.0
        high = self.heights[kept] if kept < len(self.heights) else 1.05 * top
        return float((low + high) / 2)

    def roots(self, clusters: int) -> Integers:
        """Return, for each leaf, the top node of its cluster if the tree is cut into `clusters`, (n,)."""
        return self.tops(clusters)[: self.leaves]

    def tops(self, clusters: int) -> Integers:
        """Return the same for every node below the cut, merges included, (2n - clusters,)."""
        kept = self.leaves - min(max(clusters, 1), self.leaves)
        parent = np.arange(self.leaves + kept)
        parent[self.children[:kept].ravel()] = np.repeat(np.arange(kept) + self.leaves, 2)
        while True:
            grandparent = parent[parent]
            if np.array_equal(grandparent, parent):
                return parent
            parent = grandparent

    def singletons(self, clusters: int) -> int:
        """Return the number of clusters of one leaf if the tree is cut into `clusters`."""
        return int(np.count_nonzero(self.roots(clusters) < self.leaves)) if self.leaves > 1 else 1

    def members(self, node: int) -> Integers:
        """Return the leaves below a node, (m,), from left to right."""
        if node < self.leaves:
            return np.array([node])
        leaves: list[int] = []
        stack = [node]
        while stack:
            top = stack.pop()
            if top < self.leaves:
                leaves.append(top)
            else:
                left, right = self.children[top - self.leaves]
                stack += [int(right), int(left)]
        return np.array(leaves)
