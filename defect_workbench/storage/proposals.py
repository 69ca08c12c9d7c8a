"""A classifier's proposals as a session keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.proposal import Proposal

PROBABILITY, ASKED, LABELS = "proposal_probability", "proposal_asked", "proposed"


def proposal_arrays(proposal: Proposal | None) -> dict[str, NDArray[Any]]:
    """The arrays of a session file; none without a proposal."""
    if proposal is None:
        return {}
    return {PROBABILITY: proposal.probability, ASKED: proposal.asked.astype(np.int64)}


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
    probability, asked = arrays[PROBABILITY].astype(np.float32), arrays[ASKED].astype(np.intp)
    if len(labels) != count or probability.shape != (count,) or asked.ndim != 1:
        raise ValueError("proposals and images differ in number")
    if len(asked) and not 0 <= int(asked.min()) <= int(asked.max()) < count:
        raise ValueError("an image to ask about is not there")
    return Proposal(labels, probability, asked)
