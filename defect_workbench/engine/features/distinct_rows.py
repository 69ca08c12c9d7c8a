"""Rows that are the same to the bit: copies of one picture, which count once."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Integers


def distinct_rows(rows: NDArray[np.floating]) -> tuple[Integers, Integers]:
    """The first of each different row, and the place of every row among these.

    Parameters
    ----------
    rows : (n, d) floating point

    Returns
    -------
    first : (m,) intp
        Rising; `rows[first]` are the different rows in their order.
    place : (n,) intp
        `rows[first][place]` equals `rows`.
    """
    known: dict[bytes, int] = {}
    first: list[int] = []
    place = np.empty(len(rows), np.intp)
    for index, row in enumerate(np.ascontiguousarray(rows)):
        number = known.setdefault(blake2b(row.data, digest_size=16).digest(), len(first))
        if number == len(first):
            first.append(index)
        place[index] = number
    return np.array(first, np.intp), place
