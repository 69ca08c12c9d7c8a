"""Medoids under the branches of the dendrogram, and marks for decisions."""

from __future__ import annotations

from functools import partial

import numpy as np

from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.image_loading.thumbnail_loader import ThumbnailLoader
from defect_workbench.core.clustering.merge_tree import Tree
from defect_workbench.core.project.decisions import Partition
from defect_workbench.core.project.palette import branch_colours
from defect_workbench.gui.dendrogram.dendrogram_view import Dendrogram
from defect_workbench.gui.dendrogram.tree_overlay import MOST_MEDOIDS


def _medoids(tree: Tree, clusters: int, partition: Partition) -> dict[int, int]:
    """Return an image for each branch at the cut: the most typical one of the cluster that has most of it."""
    if clusters > MOST_MEDOIDS:
        return {}
    found = {c.key: int(c.members[0]) for c in partition.clusters if c.group is None}
    for node in np.unique(tree.roots(clusters)).tolist():
        if node in found:
            continue
        members = tree.members(node)
        numbers = partition.cluster_of[members]
        numbers = numbers[numbers >= 0]
        if len(numbers):
            cluster = partition.clusters[int(np.bincount(numbers).argmax())]
            # Members are ordered by their distance to the centroid.
            inside = cluster.members[np.isin(cluster.members, members)]
            found[node] = int(inside[0])
    return found


def mark_tree(dendrogram: Dendrogram, document: Document, thumbnails: ThumbnailLoader) -> None:
    """Show the medoids and the decided images of a document on its dendrogram."""
    project, partition, nodes = document.project, document.partition, document.node_colours
    if project is None or partition is None or document.tree is None or nodes is None:
        return
    decided = [
        (cluster.members, document.colour(cluster), cluster.group.confirmed)
        for cluster in partition.clusters
        if cluster.group is not None
    ]
    medoids = {
        node: partial(thumbnails.get, str(project.images.absolute(image)))
        for node, image in _medoids(document.tree, document.clusters_at_cut, partition).items()
    }
    dendrogram.set_medoids(medoids)
    branches = branch_colours(document.tree, document.clusters_at_cut, partition, nodes)
    dendrogram.set_decided(decided, branches)
