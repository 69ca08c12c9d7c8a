"""Agreeing with many proposals at once, after reviewing a random sample of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from defect_workbench.core.arrays import Integers
from defect_workbench.core.project.decisions import Partition
from defect_workbench.core.project.proposal import Proposal

SAMPLE = 10


@dataclass(frozen=True, eq=False)
class Agreement:
    """Proposals of one label, or of all labels, to agree with.

    Attributes
    ----------
    images : (m,) intp
    expected_errors : float
        The number of wrong proposals among them, if the probabilities are right: the sum of what is missing
        to 1.
    """

    images: Integers
    expected_errors: float

    def sample(self, seed: int) -> Integers:
        """Return up to ten of the images at random, (k,) intp in ascending order."""
        count = min(SAMPLE, len(self.images))
        return np.sort(np.random.default_rng(seed).choice(self.images, count, replace=False))


def proposed_labels(proposal: Proposal, partition: Partition) -> dict[str, int]:
    """Return the labels of the proposals that are not reviewed, with their numbers; the most first."""
    labels = np.array(proposal.labels, dtype=object)[proposal.waiting(partition)]
    names, counts = np.unique(labels.astype(str), return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return {str(names[i]): int(counts[i]) for i in order}


def agreement(proposal: Proposal, partition: Partition, label: str | None, at_least: float) -> Agreement:
    """Return the proposals that are not reviewed and have at least this probability.

    Parameters
    ----------
    label : str or None
        None for all labels.
    """
    images = np.flatnonzero(proposal.waiting(partition))
    if label is not None:
        images = images[[proposal.labels[i] == label for i in images.tolist()]]
    images = images[proposal.probability[images] >= np.float32(at_least)]
    errors = float((1 - proposal.probability[images].astype(np.float64)).sum())
    return Agreement(images, errors)
