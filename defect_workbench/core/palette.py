"""Colours of clusters: told apart by people with colour-vision deficiency, and steady while the cut moves."""

from __future__ import annotations

import numpy as np

from defect_workbench.core.assignment import Cluster
from defect_workbench.core.tree import Integers, Tree

# Paul Tol's "bright" and "muted" schemes, ordered so that neighbours differ in lightness too; none
# is near the neutral grey of undivided branches.
COLOURS = (
    "#4477AA",
    "#EE6677",
    "#228833",
    "#CCBB44",
    "#66CCEE",
    "#AA3377",
    "#DDAA77",
    "#332288",
    "#44AA99",
    "#882255",
    "#999933",
    "#88CCEE",
)
NEUTRAL = "#8A8F98"


def node_colours(tree: Tree) -> Integers:
    """(2n-1,) a colour number for each node that no cut changes.

    From the top down, the larger branch of a split keeps the colour and the smaller one gets the
    next, so the clusters of any cut into k have the numbers 0..k-1.
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
    """The colour of a number, as #RRGGBB."""
    return COLOURS[number % len(COLOURS)]


def cluster_colour(cluster: Cluster, nodes: Integers | None) -> str:
    """The colour of a cluster; held ones take the colour of their medoid's leaf group number."""
    if cluster.key < 0 or nodes is None:
        return colour(abs(cluster.key))
    return colour(int(nodes[cluster.key]))
