"""Reduce long vectors by a fixed random sketch that keeps inner products.

Source: M. Charikar, K. Chen, M. Farach-Colton, "Finding frequent items in data streams", Theoretical Computer
Science 312 (2004); as a projection: K. Weinberger et al., "Feature hashing for large scale multitask
learning", ICML (2009).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from defect_workbench.core.arrays import Integers, Vectors

if TYPE_CHECKING:
    from torch import Tensor


@lru_cache(maxsize=4)
def assignment(columns: int, reduced: int, seed: int) -> tuple[Integers, Vectors]:
    """Return the order in which a sketch adds columns, and their signs.

    The column at place p of the order is added to the reduced column p modulo `reduced`, so that each of them
    gets as many columns as any other, or one fewer. The numbers are from `RandomState`, whose stream never
    changes.

    Parameters
    ----------
    columns, reduced : int
        Length of the vectors before and after.

    Returns
    -------
    order : (columns,) intp
    signs : (columns,) float32
        1 or -1, in that order.
    """
    random = np.random.RandomState(seed)
    order = random.permutation(columns).astype(np.intp)
    signs = (2 * random.randint(0, 2, columns) - 1).astype(np.float32)
    order.setflags(write=False)
    signs.setflags(write=False)
    return order, signs


def sketch(vectors: Tensor, reduced: int, seed: int) -> Tensor:
    """Return sums of vectors' columns with random signs.

    Inner products are kept up to an error with mean 0 and a standard deviation of about (2 / reduced)^0.5
    times the product of both norms, over the choice of the seed.

    Parameters
    ----------
    vectors : (n, columns) floating point

    Returns
    -------
    (n, min(columns, reduced)) floating point
        Vectors that are not longer than `reduced` are returned as they are.
    """
    import torch

    columns = vectors.shape[1]
    if columns <= reduced:
        return vectors
    order, signs = assignment(columns, reduced, seed)
    shuffled = vectors[:, torch.tensor(order, device=vectors.device)]
    shuffled = shuffled * torch.tensor(signs, dtype=vectors.dtype, device=vectors.device)
    # Each reduced column is a sum in a fixed order; on a GPU, `index_add` adds in any order.
    result = shuffled[:, :reduced]
    for start in range(reduced, columns, reduced):
        part = shuffled[:, start : start + reduced]
        result = result + torch.nn.functional.pad(part, (0, reduced - part.shape[1]))
    return result
