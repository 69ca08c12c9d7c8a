"""The part of a large set of defects whose features are kept in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from defect_workbench.core.arrays import Integers

_SEED = 28


def random_part(contents: Sequence[str], most: int) -> Integers:
    """Return the rows of a random part of a set, (m,), ascending; all if there are no more than `most`.

    The part depends on the contents only.

    Parameters
    ----------
    contents : sequence of str
        The SHA-256 of each row's content.
    """
    if len(contents) <= most:
        return np.arange(len(contents))
    ranks = [hashlib.sha256(f"{_SEED}:{each}".encode()).digest() for each in contents]
    order = sorted(range(len(contents)), key=lambda row: (ranks[row], row))
    return np.array(sorted(order[:most]), np.intp)
