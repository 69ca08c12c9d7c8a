"""The order of the clusters holds still while the user decides, so that nothing moves under the mouse."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from defect_workbench.app.document.workbench_document import Document
from defect_workbench.core.project.decisions import Cluster


class HeldOrder:
    """Keeps clusters where they were until the user asks for another order, cut or grouping."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._state: tuple[object, ...] = ()
        self._earlier: tuple[Cluster, ...] = ()
        document.sort_wanted.connect(self._release)

    def _release(self) -> None:
        self._state = ()

    def arranged(self, clusters: Sequence[Cluster], order: object = None) -> tuple[Cluster, ...]:
        """Return clusters in the order of the last call; as they are if cut, grouping or `order` are others.

        A cluster is where the cluster was that most of its images were in.
        """
        document, project = self._document, self._document.project
        state = (id(project.analysis) if project is not None else None, document.clusters_at_cut, order)
        if state == self._state and project is not None:
            clusters = _as_before(clusters, self._earlier, len(project.images))
        self._state, self._earlier = state, tuple(clusters)
        return self._earlier


def _as_before(clusters: Sequence[Cluster], earlier: Sequence[Cluster], images: int) -> list[Cluster]:
    places = {cluster.key: place for place, cluster in enumerate(earlier)}
    # Images that were outliers come last.
    place_of = np.full(images, len(earlier), np.intp)
    for number, cluster in enumerate(earlier):
        place_of[cluster.members] = number

    def place(cluster: Cluster) -> int:
        same = places.get(cluster.key)
        return int(np.bincount(place_of[cluster.members]).argmax()) if same is None else same

    return sorted(clusters, key=place)
