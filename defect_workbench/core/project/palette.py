"""Colours of clusters: distinct under colour-vision deficiency, and unchanged while the cut moves."""

from __future__ import annotations

import numpy as np

from defect_workbench.core.arrays import Integers
from defect_workbench.core.clustering.merge_tree import Tree
from defect_workbench.core.project.decisions import Cluster, Partition

# The first eleven are Paul Tol's "bright" and "muted" schemes, ordered so that neighbours also differ in
# lightness. Their darkest two, which dark backgrounds swallow, are replaced. The others were chosen one after
# the other, each as far as possible (CIEDE2000; 1.5 times that for deuteranopia and protanopia) from those
# before it and from the greys of branches above the cut, nuisances and plain classes. Their contrast is at
# least 2.6 on dark and 1.9 on white backgrounds. The last one is close to the fifth; earlier class libraries
# may have it.
COLOURS = (
    *("#4477AA", "#EE6677", "#228833", "#CCBB44", "#66CCEE", "#AA3377", "#DDAA77", "#7B68C8", "#44AA99"),
    *("#B2583C", "#999933", "#849CFC", "#A890C0", "#9C3C48", "#785400", "#246C54", "#783CB4", "#60906C"),
    *("#90C09C", "#0C8490", "#B46000", "#D83C84", "#6C78FC", "#E43060", "#5490D8", "#F09CD8", "#FC7854"),
    *("#FC90B4", "#C01818", "#CC3CA8", "#CC0060", "#C07884", "#0054D8", "#A80090", "#B478A8", "#88CCEE"),
)
# Five colours of viridis (S. van der Walt, N. Smith), with evenly increasing lightness, for numbers.
RAMP = ("#440154", "#3B528B", "#21918C", "#5EC962", "#FDE725")
NEUTRAL = "#8A8F98"
NUISANCE_COLOUR = -1


def node_colours(tree: Tree) -> Integers:
    """Return the colour number of each node, (2n-1,), which does not depend on the cut.

    From the top down, the larger branch of a split keeps the colour and the smaller one gets the next
    number, so the clusters of a cut into k have the numbers 0..k-1.
    """
    n = tree.leaves
    sizes = np.concatenate([np.ones(n), tree.merges[:, 3]]).tolist()
    colours, children = [0] * (2 * n - 1), tree.children.tolist()
    for split, merge in enumerate(range(n - 2, -1, -1), start=1):
        left, right = children[merge]
        larger, smaller = (left, right) if sizes[left] >= sizes[right] else (right, left)
        colours[larger], colours[smaller] = colours[n + merge], split
    return np.array(colours, np.intp)


def colour(number: int) -> str:
    """Return the colour with this number, as #RRGGBB; nuisance is grey."""
    if number == NUISANCE_COLOUR:
        return NEUTRAL
    return COLOURS[number % len(COLOURS)]


def colour_number(cluster: Cluster, nodes: Integers | None) -> int:
    """Return the colour number of a cluster: of its group or tree node; its key if clusters are flat."""
    if cluster.group is not None:
        return cluster.group.colour
    return cluster.key if nodes is None else int(nodes[cluster.key])


def colour_numbers(partition: Partition, nodes: Integers | None) -> dict[int, int]:
    """Return the colour number of each cluster, by its key; `nodes` has those of the tree, (2n - 1,).

    Open clusters that would have the colour of a decided one take a colour that no cluster has, as long as
    there is one; the larger clusters first.
    """
    numbers = {cluster.key: colour_number(cluster, nodes) for cluster in partition.clusters}
    decided = {
        numbers[c.key] % len(COLOURS)
        for c in partition.clusters
        if c.group is not None and not c.group.nuisance
    }
    used = {number % len(COLOURS) for number in numbers.values() if number != NUISANCE_COLOUR}
    free = (number for number in range(len(COLOURS)) if number not in used)
    for cluster in partition.clusters:
        if cluster.group is None and numbers[cluster.key] % len(COLOURS) in decided:
            numbers[cluster.key] = next(free, numbers[cluster.key])
    return numbers


def branch_colours(tree: Tree, clusters: int, partition: Partition, nodes: Integers) -> dict[int, int]:
    """Return the colour number of each branch of a tree cut into `clusters`, by its top node.

    It is that of the cluster that holds most of the branch's images; of the node if all are outliers.
    """
    numbers, roots = colour_numbers(partition, nodes), tree.roots(clusters)
    inside = np.flatnonzero(partition.cluster_of >= 0)
    pairs, counts = np.unique(
        np.stack([roots[inside], partition.cluster_of[inside]]), axis=1, return_counts=True
    )
    found = {int(root): int(nodes[root]) for root in np.unique(roots)}
    # Later pairs replace earlier ones, so that the largest share decides.
    for pair in np.argsort(counts, kind="stable").tolist():
        found[int(pairs[0, pair])] = numbers[partition.clusters[int(pairs[1, pair])].key]
    return found
