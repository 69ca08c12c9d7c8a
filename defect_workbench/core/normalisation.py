"""Normalisation of feature vectors: rows to unit norm, or columns to unit standard deviation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Floats

_NO_NORM = 1e-12
_CONSTANT = 1e-9


def unit_rows(values: NDArray[np.floating]) -> Floats:
    """Return each row divided by its L2 norm; a row of zeros is unchanged.

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
    """Return the standard deviation of each column; infinite if a column is constant up to rounding.

    Division by it sets a constant column to 0, so that a new image with another value is no outlier.

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
