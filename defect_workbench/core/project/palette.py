"""Colours of clusters: distinct under colour-vision deficiency, and unchanged while the cut moves."""

from __future__ import annotations

import numpy as np

from defect_workbench.core.arrays import Integers
from defect_workbench.core.clustering.merge_tree import Tree
from defect_workbench.core.project.decisions import Cluster

# Paul Tol's "bright" and "muted" schemes, ordered so that neighbours also differ in lightness. Their darkest
# two, which dark backgrounds swallow, are replaced. None is close to the grey of branches above the cut.
COLOURS = (
    "#4477AA",
    "#EE6677",
    "#228833",
    "#CCBB44",
    "#66CCEE",
    "#AA3377",
    "#DDAA77",
    "#7B68C8",
    "#44AA99",
    "#B2583C",
    "#999933",
    "#88CCEE",
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
    sizes = np.concatenate([np.ones(n), tree.merges[:, 3]])
    colours = np.zeros(2 * n - 1, np.intp)
    for split, merge in enumerate(range(n - 2, -1, -1), start=1):
        left, right = tree.children[merge].tolist()
        larger, smaller = (left, right) if sizes[left] >= sizes[right] else (right, left)
        colours[larger], colours[smaller] = colours[n + merge], split
    return colours


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


def cluster_colour(cluster: Cluster, nodes: Integers | None) -> str:
    """Return the colour of a cluster, as #RRGGBB."""
    return colour(colour_number(cluster, nodes))
