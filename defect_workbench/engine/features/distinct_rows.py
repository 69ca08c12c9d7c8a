"""Find bit-identical rows, as identical images have."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Integers


def distinct_rows(rows: NDArray[np.floating]) -> tuple[Integers, Integers]:
    """Return the distinct rows of a matrix, and for every row its index among them.

    Parameters
    ----------
    rows : (n, d) floating point

    Returns
    -------
    first : (m,) intp
        Increasing; `rows[first]` are the distinct rows in order of first occurrence.
    inverse : (n,) intp
        `rows[first][inverse]` equals `rows`.
    """
    known: dict[bytes, int] = {}
    first: list[int] = []
    inverse = np.empty(len(rows), np.intp)
    for index, row in enumerate(np.ascontiguousarray(rows)):
        number = known.setdefault(blake2b(row.data, digest_size=16).digest(), len(first))
        if number == len(first):
            first.append(index)
        inverse[index] = number
    return np.array(first, np.intp), inverse
