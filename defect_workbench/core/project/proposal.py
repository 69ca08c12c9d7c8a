"""The labels that a classifier proposes for the images of a project, for a person to confirm or correct."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Flags, Integers
from defect_workbench.core.project.decisions import Partition

UNSURE = 0.9


@dataclass(frozen=True, eq=False)
class Proposal:
    """Proposed labels and how sure they are.

    Attributes
    ----------
    labels : tuple of str
        One per image; empty where nothing is proposed.
    probability : (n,) float32
        Of the label; NaN where nothing is proposed.
    unknown : (n,) bool
        Images whose kind the classifier does not know: outliers until a person decides.
    unseen : (n,) bool
        Proposals that nobody has looked at yet.
    asked : (k,) intp
        Images whose labels would help the classifier most, the most helpful first.
    """

    labels: tuple[str, ...]
    probability: NDArray[np.float32]
    unknown: Flags
    unseen: Flags
    asked: Integers

    @staticmethod
    def none(images: int) -> Proposal:
        """No proposal for any image."""
        nowhere = np.zeros(images, bool)
        unsaid = np.full(images, np.nan, np.float32)
        return Proposal(("",) * images, unsaid, nowhere, nowhere, np.empty(0, np.intp))

    @property
    def doubtful(self) -> Flags:
        """(n,) proposals of a low probability that nobody has looked at."""
        return np.asarray(self.unseen & (self.probability < UNSURE))

    def seen(self, images: Integers) -> Proposal:
        """The proposal after a person has looked at some images."""
        unseen = self.unseen.copy()
        unseen[images] = False
        return replace(self, unseen=unseen)

    def unsure(self, partition: Partition) -> Integers:
        """Doubtful images that are in a cluster, the least certain first.

        A person who moves an image has looked at it; whatever else happens to the cluster it was put
        into, a new name among it, the question about the image stays.
        """
        found: Integers = np.flatnonzero(self.doubtful & (partition.cluster_of >= 0))
        return found[np.argsort(self.probability[found], kind="stable")]
