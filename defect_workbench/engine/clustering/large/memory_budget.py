"""How much memory the distances between the rows of a set may take."""

from __future__ import annotations

import numpy as np

BUDGET = 2 * 1024**3
"""In bytes."""


def most_rows(budget: int | None = None) -> int:
    """Return how many rows can be clustered if the distances of all pairs are to fit into a budget.

    Parameters
    ----------
    budget : int, optional
        In bytes, 8 per pair; default: `BUDGET`.
    """
    return max(2, int((1 + np.sqrt(1 + (BUDGET if budget is None else budget))) / 2))
