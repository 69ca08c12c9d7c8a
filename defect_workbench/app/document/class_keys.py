"""A fixed key for each class while images are sorted at full size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from defect_workbench.core.arrays import Integers
from defect_workbench.core.project.decisions import Cluster, Partition

# Letters that have a meaning of their own are left out: C, N, O, U and X in the light table, Q everywhere.
KEYS = "123456789ABDEFGHIJKLMPRSTVWYZ"


@dataclass(frozen=True, eq=False)
class ClassKey:
    """A key, and the class that it stands for.

    Attributes
    ----------
    cluster_key : int
        Of the cluster when the key was given or updated last.
    members : (m,) intp
        The images that it had then. Some decisions, such as confirming, give a cluster another key; it is
        then found by its images.
    """

    key: str
    cluster_key: int
    members: Integers

    def cluster(self, partition: Partition) -> Cluster | None:
        """Return the cluster as it is now; None if all its images became outliers."""
        same = next((c for c in partition.clusters if c.key == self.cluster_key), None)
        if same is not None:
            return same
        numbers = partition.cluster_of[self.members]
        numbers = numbers[numbers >= 0]
        return partition.clusters[int(np.bincount(numbers).argmax())] if len(numbers) else None


def class_keys(partition: Partition, earlier: Sequence[ClassKey] = ()) -> tuple[ClassKey, ...]:
    """Return a key for each cluster but nuisances, as far as there are keys.

    Parameters
    ----------
    earlier : sequence of ClassKey
        Keys that stay with their clusters, as they were before the last decision. The others are given in the
        order of the clusters' names.
    """
    given: dict[str, Cluster] = {}
    for each in earlier:
        cluster = each.cluster(partition)
        if cluster is not None and all(cluster is not other for other in given.values()):
            given[each.key] = cluster
    taken = {cluster.key for cluster in given.values()}
    classes = [c for c in partition.clusters if c.group is None or not c.group.nuisance]
    new = [c for c in classes if c.key not in taken]
    new.sort(key=lambda c: (c.group is None or not c.group.name, c.label.casefold()))
    free = [key for key in KEYS if key not in given]
    given |= dict(zip(free, new, strict=False))
    return tuple(ClassKey(key, given[key].key, given[key].members) for key in KEYS if key in given)
