"""Outlier scores of whole pictures, for images that are grouped by the defect.

What their backgrounds show is then subtracted or has no weight, so that an image with a foreign background
may be like one without a defect. It is an outlier, too, if it stands alone as a whole picture. There, a large
defect makes a difference as well, so that the condition is stricter than where images are grouped by the
picture: the second most similar image is far in absolute terms, not only for this set
(docs/adr/0044-foreign-backgrounds.md has the figures).
"""

from __future__ import annotations

import math

import numpy as np

from defect_workbench.core.arrays import Floats, Vectors
from defect_workbench.core.normalisation import unit_rows
from defect_workbench.core.progress import Reporter
from defect_workbench.engine.clustering.large.memory_budget import most_rows
from defect_workbench.engine.clustering.near_rows import find_near_rows
from defect_workbench.engine.clustering.outlier_groups import FEWEST
from defect_workbench.engine.clustering.outliers import (
    NearRows,
    nearest_neighbours,
    neighbour_counts,
    outlier_scores,
)
from defect_workbench.engine.features.distinct_rows import distinct_rows

# Distance between descriptions of unit norm: a cosine of 0.755.
ALONE = 0.7
_CHUNK = 2048


def picture_scores(vectors: Vectors, normalised: Vectors, reporter: Reporter) -> Floats:
    """Return how little each image resembles the others as a whole picture; alone if above 1.

    The score is the smaller of the outlier score and of the distance to the second most similar image, in
    units of `ALONE`; copies of an image count once. A pair of foreign images is found, a larger group not.

    Parameters
    ----------
    vectors : (n, d) float32
        The block `deep`.
    normalised : (n, c) float32
        The same, as `normalised_block` returns it.

    Returns
    -------
    (n,) float64
        All 0 if there are fewer than fifty different images, among which each may be rare.

    Raises
    ------
    Cancelled
        If the user cancelled.
    """
    rows = normalised.astype(np.float64)
    first, inverse = distinct_rows(rows)
    if len(first) < FEWEST:
        return np.zeros(len(rows))
    if len(rows) > most_rows():
        near = find_near_rows(rows, reporter)
    else:
        found = nearest_neighbours(rows[first], neighbour_counts(len(first))[-1])
        near = NearRows(first, inverse, *found)
    second = near.distances[near.inverse, 1] * _spread(vectors)
    return np.asarray(np.minimum(outlier_scores(rows, near), second / ALONE))


def _spread(vectors: Vectors) -> float:
    """Return the root mean square that normalisation divided descriptions of unit norm by."""
    total = np.zeros(vectors.shape[1])
    for start in range(0, len(vectors), _CHUNK):
        total += unit_rows(vectors[start : start + _CHUNK]).sum(axis=0)
    centre = total / len(vectors)
    return math.sqrt(max(1 - float(centre @ centre), 0.0))
