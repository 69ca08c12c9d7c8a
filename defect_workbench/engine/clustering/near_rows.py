"""Find the rows nearest to each of many rows, with memory proportional to their number."""

from __future__ import annotations

import numpy as np

from defect_workbench.core.arrays import Floats
from defect_workbench.core.progress import Reporter
from defect_workbench.engine.clustering.outlier_groups import neighbours_needed
from defect_workbench.engine.clustering.outliers import NearRows
from defect_workbench.engine.features.distinct_rows import distinct_rows

_CHUNK = 2048


def find_near_rows(vectors: Floats, reporter: Reporter) -> NearRows:
    """Return the rows nearest to each row, as many as outliers and their groups are judged by.

    Parameters
    ----------
    vectors : (n, d) float64

    Returns
    -------
    NearRows

    Raises
    ------
    Cancelled
        If the user cancelled.
    """
    from sklearn.neighbors import NearestNeighbors

    first, inverse = distinct_rows(vectors)
    rows = vectors[first]
    count = neighbours_needed(len(rows))
    distances, indices = np.empty((len(rows), count)), np.empty((len(rows), count), np.intp)
    model = NearestNeighbors(n_neighbors=count + 1, algorithm="brute").fit(rows)
    reporter.stage("Searching for outliers", len(rows))
    for start in range(0, len(rows), _CHUNK):
        reporter.check()
        chunk = slice(start, min(start + _CHUNK, len(rows)))
        near, which = model.kneighbors(rows[chunk])
        # Of very similar rows, a row is not always the nearest to itself.
        is_self = which == np.arange(chunk.start, chunk.stop)[:, None]
        others = np.argsort(is_self, axis=1, kind="stable")[:, :count]
        distances[chunk] = np.take_along_axis(near, others, axis=1)
        indices[chunk] = np.take_along_axis(which, others, axis=1)
        reporter.advance(chunk.stop - chunk.start)
    return NearRows(first, inverse, distances, indices)
