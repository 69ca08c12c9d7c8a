"""A fixed key for each class, the same wherever images are sorted."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from PySide6.QtCore import QObject, Signal

from defect_workbench.app.document.workbench_document import Document
from defect_workbench.core.arrays import Integers
from defect_workbench.core.clustering.clustering_result import Analysis
from defect_workbench.core.project.class_library import KEYS, ClassLibrary, KnownClass
from defect_workbench.core.project.decisions import Cluster, Partition

Owner = TypeVar("Owner", Cluster, KnownClass)
_DIGITS = KEYS[:9]


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
    in_use : bool
        Whether it was a class of the lot then: a named cluster.
    """

    key: str
    cluster_key: int | None
    members: Integers
    known: KnownClass | None = None
    in_use: bool = False

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
    """Return a key for each cluster but nuisances, and for the classes of the library.

    Classes that the lot has come first, with the keys of the library, then the others of its product, then
    clusters without a name, then classes of other products.

    Parameters
    ----------
    earlier : sequence of ClassKey
        Keys that stay with their classes, as they were before the last decision.
    """
    return _Giving(partition, library, earlier).keys()


class _Giving:
    """Keys while they are given: the first who asks for a key has it."""

    def __init__(self, partition: Partition, library: ClassLibrary, earlier: Sequence[ClassKey]) -> None:
        clusters = [c for c in partition.clusters if c.group is None or not c.group.nuisance]
        clusters.sort(key=lambda each: each.label.casefold())
        self._named = [c for c in clusters if c.group is not None and c.group.name]
        self._unnamed = [c for c in clusters if c.group is None or not c.group.name]
        self._of_class: dict[int, KnownClass] = {}
        in_use: set[str] = set()
        for cluster in partition.clusters:
            known = library.find(cluster.label) if cluster in self._named else None
            if known is not None and known.name not in in_use:
                in_use.add(known.name)
                self._of_class[cluster.key] = known
        self._given: dict[str, Cluster | KnownClass] = {}
        product = library.product_of(c.label for c in self._named)
        if product is None and not self._named:
            product = library.current
        unused = [known for known in library.classes if known.name not in in_use]
        # If none of its classes is known, the lot is probably of a new product.
        self._is_new = product is None
        self._own = [known for known in unused if product in (None, known.product)]
        self._foreign = [known for known in unused if product not in (None, known.product)]
        self._earlier: dict[int | str, ClassKey] = {}
        # A cluster that got the name of a class has the key of the class from then on.
        for each in sorted(earlier, key=lambda each: each.known is None or not library.find(each.known.name)):
            known = None if each.known is None else library.find(each.known.name)
            # A class that has another name now is found by its images.
            owner = each.same_images(partition) if known is None else _named(partition, known)
            if owner is not None:
                self._earlier.setdefault(owner.key, each)
            elif known is not None:
                self._earlier.setdefault(known.name, each)

    def keys(self) -> tuple[ClassKey, ...]:
        """Return the keys, in their order."""
        for cluster in self._named:
            if (before := self._earlier.get(cluster.key)) is not None and before.in_use:
                self._give(before.key, cluster)
        for cluster in self._waiting(self._named):
            if (known := self._of_class.get(cluster.key)) is not None:
                self._give(known.key, cluster)
        kept = {each.key: self._key_before(each) for each in self._unnamed}
        for cluster in self._waiting(self._named):
            self._give(self._key_of_new(cluster, set(kept.values())), cluster)
        for cluster in self._unnamed:
            self._give(kept[cluster.key], cluster)
        for known in self._own:
            _ = self._give(known.key, known) or self._give(self._key_before(known), known)
        for cluster in self._waiting(self._unnamed):
            self._give(self._first_free(), cluster)
        for known in self._foreign:
            _ = self._give(known.key, known) or self._give(self._key_before(known), known)
        for known in self._waiting([*self._own, *self._foreign]):
            self._give(self._first_free(), known)
        return tuple(self._key(key, self._given[key]) for key in KEYS if key in self._given)

    def _give(self, key: str, owner: Cluster | KnownClass) -> bool:
        if not key or key in self._given:
            return False
        self._given[key] = owner
        return True

    def _waiting(self, owners: Sequence[Owner]) -> list[Owner]:
        return [each for each in owners if all(each is not other for other in self._given.values())]

    def _key_before(self, owner: Cluster | KnownClass) -> str:
        before = self._earlier.get(owner.key if isinstance(owner, Cluster) else owner.name)
        return "" if before is None else before.key

    def _key_of_new(self, cluster: Cluster, kept: Set[str]) -> str:
        """Return a key for a class that has none in the library, or whose key another one has.

        It leaves the keys of the product to their classes, but takes a digit from a class of another product.
        If the product is new, that may be any class of the library.
        """
        reserved = {known.key for known in self._own}
        before = self._key_before(cluster)
        free = [key for key in KEYS if key not in self._given and (key not in kept or key == before)]
        if not free:
            return ""

        def rank(key: str) -> tuple[bool, bool, bool]:
            is_letter, is_reserved = key not in _DIGITS, key in reserved
            first, second = (is_letter, is_reserved) if self._is_new else (is_reserved, is_letter)
            return first, second, key != before

        return min(free, key=rank)

    def _first_free(self) -> str:
        return next((key for key in KEYS if key not in self._given), "")

    def _key(self, key: str, owner: Cluster | KnownClass) -> ClassKey:
        if isinstance(owner, KnownClass):
            return ClassKey(key, None, np.empty(0, np.intp), owner)
        is_named = owner.group is not None and bool(owner.group.name)
        return ClassKey(key, owner.key, owner.members, self._of_class.get(owner.key), is_named)


class ClassKeys(QObject):
    """The keys of the classes. A class keeps its key as long as the lot is open.

    Clusters without a name keep theirs until the images are grouped or cut differently, or `restart`.

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
        document.opened.connect(self._forget)
        document.partition_changed.connect(self._refresh)
        document.classes_changed.connect(self._refresh)

    def of(self, key: str) -> ClassKey | None:
        """Return the class of a key."""
        return next((each for each in self.keys if each.key == key), None)

    def key_of(self, name: str) -> str:
        """Return the key of the class of a name; empty without one."""
        partition = self._document.partition
        for each in self.keys:
            cluster = None if partition is None else each.cluster(partition)
            label = cluster.label if cluster is not None else each.known.name if each.known else ""
            if label.casefold() == name.casefold():
                return each.key
        return ""

    def restart(self) -> None:
        """Give keys again to clusters without a name, after the classes of the product."""
        self._grouping = None
        self._refresh()

    def _forget(self) -> None:
        # Images have other numbers in another project.
        self.keys = ()

    def _refresh(self) -> None:
        project, before = self._document.project, self._grouping
        self._grouping = None if project is None else (project.analysis, project.clusters)
        if project is None:
            self.keys = ()
        else:
            same = before is not None and before[0] is project.analysis and before[1] == project.clusters
            kept = [each for each in self.keys if same or each.in_use]
            self.keys = class_keys(project.partition, self._document.classes, kept)
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


def _named(partition: Partition, known: KnownClass) -> Cluster | None:
    named = (c for c in partition.clusters if c.group is not None and c.label.casefold() in known.names)
    return next(named, None)
