"""Medoids under the branches of the dendrogram, and marks for decisions."""

from __future__ import annotations

from functools import partial

from defect_workbench.app.document.workbench_document import Document
from defect_workbench.app.image_loading.thumbnail_loader import ThumbnailLoader
from defect_workbench.gui.dendrogram.dendrogram_view import Dendrogram


def mark_tree(dendrogram: Dendrogram, document: Document, thumbnails: ThumbnailLoader) -> None:
    """Show the medoids and the decided images of a document on its dendrogram."""
    project, partition = document.project, document.partition
    if project is None or partition is None or document.tree is None:
        return
    medoids, decided = {}, []
    for cluster in partition.clusters:
        if cluster.group is None:
            path = str(project.images.absolute(int(cluster.members[0])))
            medoids[cluster.key] = partial(thumbnails.get, path)
        else:
            decided.append((cluster.members, document.colour(cluster), cluster.group.confirmed))
    dendrogram.set_medoids(medoids)
    dendrogram.set_decided(decided)
