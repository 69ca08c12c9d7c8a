"""The two ways in which feature vectors are made comparable: rows of unit norm and columns of unit spread."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Floats

_NO_NORM = 1e-12
_CONSTANT = 1e-9


def unit_rows(values: NDArray[np.floating]) -> Floats:
    """Each row divided by its L2 norm; a row of zeros remains one.

    Parameters
    ----------
    values : (n, d) floating point

    Returns
    -------
    (n, d) float64
    """
    rows = values.astype(np.float64)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), _NO_NORM)
    return rows


def column_spread(values: NDArray[np.floating]) -> Floats:
    """Standard deviation of each column; infinite where a column is constant but for rounding.

    A constant column is thereby divided away, and a new image with another value in it does not leap out.

    Parameters
    ----------
    values : (n, d) floating point

    Returns
    -------
    (d,) float64
    """
    rows = values.astype(np.float64)
    deviation = rows.std(axis=0)
    varies = deviation > _CONSTANT * np.maximum(1.0, np.abs(rows).max(axis=0, initial=0.0))
    return np.where(varies, deviation, np.inf)
