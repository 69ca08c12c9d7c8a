"""Principal components with repeatable signs.

By the eigenvectors of the smaller Gram matrix, as deep blocks have thousands of columns and only some
leading axes are wanted. By hand, as scikit-learn's PCA rounds a row by where it stands in the matrix, and
copies of one image must stay equal to the bit.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import eigh

from defect_workbench.core.arrays import Floats
from defect_workbench.engine.features.distinct_rows import distinct_rows


def principal_components(centred: Floats, components: int) -> Floats:
    """Coordinates on the leading principal axes.

    Parameters
    ----------
    centred : (n, d) float64
        Columns of mean 0.

    Returns
    -------
    (n, min(components, n, d)) float64
        The largest coordinate on each axis is positive and components without variance are 0, so the
        result is repeatable. Equal rows stay equal to the bit.
    """
    n, d = centred.shape
    if min(n, d) <= components:
        return centred
    values, found, of_rows = _eigenvectors(centred, components)
    spread = values > min(n, d) * np.finfo(np.float64).eps * max(float(values[0]), 0.0)
    if of_rows:
        coordinates = found * np.sqrt(np.where(spread, values, 0.0))
    else:
        coordinates = np.where(spread, centred @ found, 0.0)
    coordinates = _with_fixed_signs(coordinates)
    # Matrix products round a row by where it stands; copies of one picture must not drift apart.
    first, place = distinct_rows(centred)
    result: Floats = coordinates[first][place]
    return result


def leading_axes(vectors: Floats, most: int) -> Floats:
    """Principal axes, scaled so that the coordinates on all of them together have a mean square of 1 each.

    Parameters
    ----------
    vectors : (n, d) float64
    most : int
        Of axes.

    Returns
    -------
    (d, r) float64
        r is `most` or the rank that n rows of d columns allow; one axis of zeros if that is 0. The largest
        entry of each axis is positive.
    """
    n, d = vectors.shape
    r = min(most, n - 1, d)
    if r < 1:
        return np.zeros((d, 1))
    centred = vectors - vectors.mean(axis=0)
    values, axes, of_rows = _eigenvectors(centred, r)
    values = np.maximum(values, 0.0)
    if of_rows:
        axes = centred.T @ axes / np.sqrt(np.maximum(values, 1e-12))
    total = float(values.sum()) / n
    result: Floats = _with_fixed_signs(axes) * np.sqrt(r / total if total > 0 else 0.0)
    return result


def _eigenvectors(centred: Floats, count: int) -> tuple[Floats, Floats, bool]:
    """Largest eigenvalues of the smaller Gram matrix, falling, their vectors, and whether it is that of rows.

    Not by ARPACK, which restarts from random numbers where the rank is below `count`.
    """
    of_rows = centred.shape[1] > centred.shape[0]
    gram = centred @ centred.T if of_rows else centred.T @ centred
    size = len(gram)
    values, found = eigh(gram, subset_by_index=(size - count, size - 1))
    return values[::-1], found[:, ::-1], of_rows


def _with_fixed_signs(columns: Floats) -> Floats:
    """Each column, turned so that its largest entry is positive."""
    signs = np.sign(columns[np.abs(columns).argmax(axis=0), np.arange(columns.shape[1])])
    result: Floats = columns * np.where(signs == 0, 1.0, signs)
    return result
