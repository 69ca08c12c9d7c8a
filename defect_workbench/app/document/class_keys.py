"""A fixed key for each class, the same wherever images are sorted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QObject, Signal

from defect_workbench.app.document.workbench_document import Document
from defect_workbench.core.arrays import Integers
from defect_workbench.core.clustering.clustering_result import Analysis
from defect_workbench.core.project.class_library import KEYS, ClassLibrary, KnownClass
from defect_workbench.core.project.decisions import Cluster, Partition


@dataclass(frozen=True, eq=False)
class ClassKey:
    """A key, and the class that it stands for.

    Attributes
    ----------
    cluster_key : int or None
        Of the cluster when the key was given or updated last; None if no image is in the class yet.
    members : (m,) intp
        The images that it had then. Some decisions, such as confirming, give a cluster another key; it is
        then found by its images.
    known : KnownClass or None
        The class in the library.
    """

    key: str
    cluster_key: int | None
    members: Integers
    known: KnownClass | None = None

    def cluster(self, partition: Partition) -> Cluster | None:
        """Return the cluster as it is now; None if it has no images any more, or none yet."""
        if self.known is not None:
            return _named(partition, self.known)
        return self.same_images(partition)

    def same_images(self, partition: Partition) -> Cluster | None:
        """Return the cluster that the key was given to, whatever it is called now."""
        if self.cluster_key is None:
            return None
        same = next((c for c in partition.clusters if c.key == self.cluster_key), None)
        if same is not None:
            return same
        numbers = partition.cluster_of[self.members]
        numbers = numbers[numbers >= 0]
        return partition.clusters[int(np.bincount(numbers).argmax())] if len(numbers) else None


def class_keys(
    partition: Partition, library: ClassLibrary, earlier: Sequence[ClassKey] = ()
) -> tuple[ClassKey, ...]:
    """Return a key for each cluster but nuisances, and for each class of the library that has one.

    Classes of the library have the keys that it gives them; the others get those that are left.

    Parameters
    ----------
    earlier : sequence of ClassKey
        Keys that stay with their clusters, as they were before the last decision. The others are given in the
        order of the clusters' names.
    """
    given: dict[str, Cluster | None] = {}
    known: dict[str, KnownClass] = {}
    # A cluster that got the name of a class has the key of the class from then on.
    for each in sorted(earlier, key=lambda each: each.known is None or library.find(each.known.name) is None):
        current = None if each.known is None else library.find(each.known.name)
        if current is not None:
            cluster = _named(partition, current)
        else:
            # A class that has another name now is found by its images.
            cluster = each.same_images(partition)
            if cluster is None:
                continue
            current = _class_of(cluster, library)
        if cluster is None or all(cluster is not other for other in given.values()):
            given[each.key] = cluster
            if current is not None:
                known[each.key] = current
    for each_class in library.classes:
        if each_class.key and each_class.key not in given:
            cluster = _named(partition, each_class)
            if cluster is None or all(cluster is not other for other in given.values()):
                given[each_class.key], known[each_class.key] = cluster, each_class
    taken = {cluster.key for cluster in given.values() if cluster is not None}
    classes = [c for c in partition.clusters if c.group is None or not c.group.nuisance]
    new = [c for c in classes if c.key not in taken]
    new.sort(key=lambda c: (c.group is None or not c.group.name, c.label.casefold()))
    free = [key for key in KEYS if key not in given]
    given |= dict(zip(free, new, strict=False))
    empty = np.empty(0, np.intp)
    return tuple(
        ClassKey(key, None, empty, known.get(key))
        if (cluster := given[key]) is None
        else ClassKey(key, cluster.key, cluster.members, known.get(key))
        for key in KEYS
        if key in given
    )


class ClassKeys(QObject):
    """The keys of the classes. They stay until the images are grouped or cut differently, or `restart`.

    Attributes
    ----------
    keys : tuple of ClassKey
    changed : Signal
        Also if only the name, colour or images of a class changed.
    """

    changed = Signal()

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._grouping: tuple[Analysis, int] | None = None
        self.keys: tuple[ClassKey, ...] = ()
        document.partition_changed.connect(self._refresh)
        document.classes_changed.connect(self._refresh)

    def of(self, key: str) -> ClassKey | None:
        """Return the class of a key."""
        return next((each for each in self.keys if each.key == key), None)

    def restart(self) -> None:
        """Give the keys again: those of the library first, the others in the order of the names."""
        self._grouping = None
        self._refresh()

    def _refresh(self) -> None:
        project, before = self._document.project, self._grouping
        self._grouping = None if project is None else (project.analysis, project.clusters)
        if project is None:
            self.keys = ()
        else:
            same = before is not None and before[0] is project.analysis and before[1] == project.clusters
            self.keys = class_keys(project.partition, self._document.classes, self.keys if same else ())
        self.changed.emit()


def sort_into(document: Document, each: ClassKey, images: Integers) -> bool:
    """Move images into the class of a key, or agree that they are there.

    Returns
    -------
    bool
        Whether there was nothing to move, as they were there already.
    """
    partition = document.partition
    cluster = None if partition is None else each.cluster(partition)
    if cluster is not None and np.isin(images, cluster.members).all():
        document.accept_proposals(images)
        return True
    if cluster is not None:
        document.move(images, cluster)
    elif each.known is not None:
        document.split_out(images, each.known.name)
    return False


def _class_of(cluster: Cluster, library: ClassLibrary) -> KnownClass | None:
    return library.find(cluster.label) if cluster.group is not None and cluster.group.name else None


def _named(partition: Partition, known: KnownClass) -> Cluster | None:
    named = (c for c in partition.clusters if c.group is not None and c.label.casefold() in known.names)
    return next(named, None)
