"""A classifier's proposals as a session keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.project.decisions import Group
from defect_workbench.core.project.proposal import Proposal

LABELS = "proposed"
_PROBABILITY, _ASKED = "proposal_probability", "proposal_asked"
_UNKNOWN, _UNSEEN = "proposal_unknown", "proposal_unseen"


# Since there is this mark, an image that a person moved is marked as looked at.
MOVED_IS_SEEN = "moved_is_seen"


def with_moved_seen(
    proposal: Proposal, held: NDArray[np.integer[Any]], groups: Mapping[int, Group]
) -> Proposal:
    """The proposals of an earlier version, where what was moved was told by the label it came to.

    That cluster may have another name now, or was never given one. So the cluster proposed is the one of
    that name, or else the one that has most of the images it was proposed for; what is elsewhere was moved.
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
    """The arrays of a session file; none without a proposal."""
    if proposal is None:
        return {}
    return {
        _PROBABILITY: proposal.probability,
        _UNKNOWN: proposal.unknown,
        _UNSEEN: proposal.unreviewed,
        _ASKED: proposal.label_next.astype(np.int64),
    }


def proposal_of(state: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], count: int) -> Proposal | None:
    """Out of a session file.

    Raises
    ------
    ValueError, KeyError, TypeError
        If it is damaged.
    """
    if state.get(LABELS) is None:
        return None
    labels = tuple(str(label) for label in state[LABELS])
    each = (arrays[_PROBABILITY], arrays[_UNKNOWN], arrays[_UNSEEN])
    asked = arrays[_ASKED].astype(np.intp)
    if len(labels) != count or any(array.shape != (count,) for array in each) or asked.ndim != 1:
        raise ValueError("proposals and images differ in number")
    if len(asked) and not 0 <= int(asked.min()) <= int(asked.max()) < count:
        raise ValueError("an image to ask about is not there")
    return Proposal(labels, each[0].astype(np.float32), each[1].astype(bool), each[2].astype(bool), asked)
