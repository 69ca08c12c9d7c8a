"""Principal components with repeatable signs.

They are computed from the eigenvectors of the smaller Gram matrix, as deep blocks have thousands of columns
and only the leading axes are needed. scikit-learn's PCA is not used because its rounding depends on a row's
position in the matrix, and identical images must have bit-identical coordinates.
"""

from __future__ import annotations

import numpy as np

from defect_workbench.core.arrays import Floats
from defect_workbench.engine.features.distinct_rows import distinct_rows
from defect_workbench.engine.linear_algebra.block_lanczos import leading_eigenvectors
from defect_workbench.engine.linear_algebra.eigenvectors import largest_eigenpairs

# Up to this size all eigenvectors are computed by LAPACK, so that results on the 2,048 columns of earlier
# versions stay bit-identical.
LAPACK_SIZE = 2560


def principal_components(centred: Floats, components: int) -> Floats:
    """Return the coordinates on the leading principal axes.

    Parameters
    ----------
    centred : (n, d) float64
        Columns of mean 0.

    Returns
    -------
    (n, min(components, n, d)) float64
        The coordinate of largest magnitude on each axis is positive, and components without variance are 0,
        so that the result is repeatable. Equal rows stay bit-identical.
    """
    n, d = centred.shape
    if min(n, d) <= components:
        return centred
    values, eigenvectors, of_rows = _eigenvectors(centred, components)
    spread = values > min(n, d) * np.finfo(np.float64).eps * max(float(values[0]), 0.0)
    if of_rows:
        coordinates = eigenvectors * np.sqrt(np.where(spread, values, 0.0))
    else:
        coordinates = np.where(spread, centred @ eigenvectors, 0.0)
    coordinates = _with_fixed_signs(coordinates)
    # The rounding of matrix products depends on a row's position; identical images must not differ by it.
    first, inverse = distinct_rows(centred)
    result: Floats = coordinates[first][inverse]
    return result


def leading_axes(vectors: Floats, limit: int) -> Floats:
    """Return principal axes, scaled so that the mean square coordinate over all of them is 1.

    Parameters
    ----------
    vectors : (n, d) float64
    limit : int
        Largest number of axes.

    Returns
    -------
    (d, r) float64
        r is min(limit, n - 1, d); if that is 0, one axis of zeros. The entry of largest magnitude of each
        axis is positive.
    """
    n, d = vectors.shape
    r = min(limit, n - 1, d)
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
    """Return the largest eigenvalues of the smaller Gram matrix, their vectors, and whether it is the rows'.

    ARPACK is not used, as it restarts from random numbers if the rank is below `count`.
    """
    of_rows = centred.shape[1] > centred.shape[0]
    gram = centred @ centred.T if of_rows else centred.T @ centred
    size = len(gram)
    found = leading_eigenvectors(gram, count) if size > LAPACK_SIZE and size > 10 * count else None
    values, eigenvectors = found or largest_eigenpairs(gram, count)
    return values[::-1], eigenvectors[:, ::-1], of_rows


def _with_fixed_signs(columns: Floats) -> Floats:
    """Return the columns with signs such that the entry of largest magnitude is positive."""
    signs = np.sign(columns[np.abs(columns).argmax(axis=0), np.arange(columns.shape[1])])
    result: Floats = columns * np.where(signs == 0, 1.0, signs)
    return result
