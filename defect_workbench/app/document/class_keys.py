"""A fixed key for each class while images are sorted at full size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from defect_workbench.core.arrays import Integers
from defect_workbench.core.project.decisions import Cluster, Partition

# Letters that have a meaning of their own in the light table are left out: C, N, O, U and X.
KEYS = "123456789ABDEFGHIJKLMPQRSTVWYZ"


@dataclass(frozen=True, eq=False)
class ClassKey:
    """A key, and the class that it stands for.

    Attributes
    ----------
    members : (m,) intp
        The images that the class had when the key was given. Names and numbers of clusters change with
        decisions; most of these images stay together.
    """

    key: str
    members: Integers

    def cluster(self, partition: Partition) -> Cluster | None:
        """Return the cluster that now has most of the images; None if they are all outliers."""
        numbers = partition.cluster_of[self.members]
        numbers = numbers[numbers >= 0]
        return partition.clusters[int(np.bincount(numbers).argmax())] if len(numbers) else None


def class_keys(partition: Partition) -> tuple[ClassKey, ...]:
    """Return a key for each cluster but nuisances, as far as there are keys, in the order of their names."""
    classes = [c for c in partition.clusters if c.group is None or not c.group.nuisance]
    ordered = sorted(classes, key=lambda c: (c.group is None or not c.group.name, c.label.casefold()))
    return tuple(ClassKey(key, cluster.members) for key, cluster in zip(KEYS, ordered, strict=False))
