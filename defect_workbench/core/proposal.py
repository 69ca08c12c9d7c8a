"""What a classifier proposes for the images of a project, for a person to confirm or correct."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.assignment import Partition
from defect_workbench.core.tree import Integers

UNSURE = 0.9


@dataclass(frozen=True, eq=False)
class Proposal:
    """Proposed labels and how sure they are.

    Attributes
    ----------
    labels : tuple of str
        One an image; empty where nothing is proposed.
    probability : (n,) float32
        Of the label; NaN where nothing is proposed.
    asked : (k,) intp
        Images whose labels would help the classifier most, the most helpful first.
    """

    labels: tuple[str, ...]
    probability: NDArray[np.float32]
    asked: Integers

    def unsure(self, partition: Partition) -> Integers:
        """Images whose proposed label still stands and is not sure, the least sure first.

        A confirmed cluster has been looked at; an image elsewhere than proposed has been corrected.
        """
        there = []
        for image in np.flatnonzero(self.probability < UNSURE).tolist():
            number = int(partition.cluster_of[image])
            group = partition.clusters[number].group if number >= 0 else None
            if group is not None and not group.confirmed and group.name == self.labels[image]:
                there.append(image)
        found = np.array(there, np.intp)
        return found[np.argsort(self.probability[found], kind="stable")]
