"""Labels proposed for the images of a project, for the user to confirm or correct."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Flags, Integers
from defect_workbench.core.project.decisions import Partition

UNSURE = 0.9


@dataclass(frozen=True, eq=False)
class Proposal:
    """Proposed labels and their probabilities.

    Attributes
    ----------
    labels : tuple of str
        One per image; empty if nothing is proposed.
    probability : (n,) float32
        Probability of the label; NaN if nothing is proposed.
    unknown : (n,) bool
        Images that the classifier finds unknown: outliers until the user decides.
    unreviewed : (n,) bool
        Proposals that the user has not reviewed.
    label_next : (k,) intp
        Images whose labels would improve the classifier most, the most useful first.
    """

    labels: tuple[str, ...]
    probability: NDArray[np.float32]
    unknown: Flags
    unreviewed: Flags
    label_next: Integers

    @staticmethod
    def none(images: int) -> Proposal:
        """Return an empty proposal for a number of images."""
        no_image = np.zeros(images, bool)
        no_probability = np.full(images, np.nan, np.float32)
        return Proposal(("",) * images, no_probability, no_image, no_image, np.empty(0, np.intp))

    @property
    def doubtful(self) -> Flags:
        """Unreviewed proposals of low probability, (n,)."""
        return np.asarray(self.unreviewed & (self.probability < UNSURE))

    def reviewed(self, images: Integers) -> Proposal:
        """Mark the proposals of some images, (m,), as reviewed."""
        unreviewed = self.unreviewed.copy()
        unreviewed[images] = False
        return replace(self, unreviewed=unreviewed)

    def waiting(self, partition: Partition) -> Flags:
        """Whether an image is still where an unreviewed proposal puts it, (n,)."""
        return np.asarray(self.unreviewed & (partition.cluster_of >= 0))

    def unsure(self, partition: Partition) -> Integers:
        """Return the doubtful images that are in a cluster, (m,), by ascending probability.

        Moving an image reviews it. Other changes to its cluster, such as a new name, do not.
        """
        doubtful: Integers = np.flatnonzero(self.doubtful & self.waiting(partition))
        return doubtful[np.argsort(self.probability[doubtful], kind="stable")]
