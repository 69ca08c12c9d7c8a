"""Proposals, as sessions store them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.project.decisions import Group
from defect_workbench.core.project.proposal import Proposal

LABELS = "proposed"
_PROBABILITY, _LABEL_NEXT = "proposal_probability", "proposal_asked"
_UNKNOWN, _UNREVIEWED = "proposal_unknown", "proposal_unseen"
# In sessions with this key, images that the user moved are marked as reviewed.
MOVED_IS_REVIEWED = "moved_is_seen"


def with_moved_reviewed(
    proposal: Proposal, held: NDArray[np.integer[Any]], groups: Mapping[int, Group]
) -> Proposal:
    """Mark moved images as reviewed in a proposal of an earlier version, which did not record it.

    A moved image is one outside its proposed cluster: the cluster with the proposed label or, as it may have
    been renamed, the cluster with most of the images that the label was proposed for.
    """
    named = {group.name: number for number, group in groups.items() if group.name}
    labels = np.array(proposal.labels, np.object_)
    moved = np.zeros(len(labels), bool)
    for label in set(proposal.labels) - {""}:
        proposed = labels == label
        numbers, counts = np.unique(held[proposed], return_counts=True)
        moved |= proposed & (held != named.get(label, numbers[counts.argmax()]))
    return replace(proposal, unreviewed=proposal.unreviewed & ~moved)


def proposal_arrays(proposal: Proposal | None) -> dict[str, NDArray[Any]]:
    """Return the arrays for a session file; empty without a proposal."""
    if proposal is None:
        return {}
    return {
        _PROBABILITY: proposal.probability,
        _UNKNOWN: proposal.unknown,
        _UNREVIEWED: proposal.unreviewed,
        _LABEL_NEXT: proposal.label_next.astype(np.int64),
    }


def proposal_of(state: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], count: int) -> Proposal | None:
    """Return the proposal in a session file; None if it has none.

    Raises
    ------
    ValueError, KeyError, TypeError
        If it is damaged.
    """
    if state.get(LABELS) is None:
        return None
    labels = tuple(str(label) for label in state[LABELS])
    per_image = (arrays[_PROBABILITY], arrays[_UNKNOWN], arrays[_UNREVIEWED])
    label_next = arrays[_LABEL_NEXT].astype(np.intp)
    if len(labels) != count or any(array.shape != (count,) for array in per_image) or label_next.ndim != 1:
        raise ValueError("proposals and images differ in number")
    if len(label_next) and not 0 <= int(label_next.min()) <= int(label_next.max()) < count:
        raise ValueError("an image to label next does not exist")
    probability, unknown, unreviewed = per_image
    return Proposal(
        labels, probability.astype(np.float32), unknown.astype(bool), unreviewed.astype(bool), label_next
    )
