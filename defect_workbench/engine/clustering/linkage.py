"""Build merge trees with fastcluster, which releases the GIL."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import numpy as np

from defect_workbench.core.arrays import Floats
from defect_workbench.core.clustering.merge_tree import Tree
from defect_workbench.core.distances import SquaredDistances
from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.parameters import Choice, Value

DEFAULT_BUDGET = 2 * 1024**3
_REDUCED_COLUMNS = 48


class Linkage(StrEnum):
    """Linkages with monotonic merge heights; with others, cuts would be ambiguous."""

    WARD = "ward"
    AVERAGE = "average"
    COMPLETE = "complete"
    SINGLE = "single"


LINKAGE = Choice(
    "linkage",
    "Linkage",
    "how the distance between two clusters is measured",
    Linkage.WARD.value,
    tuple((linkage.value, linkage.value.title()) for linkage in Linkage),
)


def linkage_of(values: Mapping[str, Value]) -> Linkage:
    """Return the linkage among a method's parameter values, or Ward's for a method without one."""
    return Linkage(LINKAGE.checked(values.get(LINKAGE.name, LINKAGE.default)))


def condensed_distances(vectors: Floats) -> Floats:
    """Return the Euclidean distances of all pairs in SciPy's condensed order.

    Parameters
    ----------
    vectors : (n, d) float64

    Returns
    -------
    (n (n - 1) / 2,) float64
    """
    n = len(vectors)
    condensed = np.empty(n * (n - 1) // 2)
    offset = 0
    for rows, squared in SquaredDistances(vectors).blocks(triangle=True):
        distances = np.sqrt(squared, out=squared)
        for row in range(rows.stop - rows.start):
            count = n - (rows.start + row) - 1
            condensed[offset : offset + count] = distances[row, row + 1 :]
            offset += count
    return condensed


def build_tree(vectors: Floats, linkage: Linkage = Linkage.WARD, budget: int = DEFAULT_BUDGET) -> Tree:
    """Return the merge tree of the rows of `vectors`.

    If the distances of all pairs do not fit into `budget`, Ward and single linkage use the leading principal
    components, with memory proportional to n.

    Parameters
    ----------
    vectors : (n, d) float64
        n is at least 1.
    budget : int
        Memory for the distances, in bytes.

    Raises
    ------
    WorkbenchError
        If average or complete linkage does not fit into the budget.
    """
    import fastcluster

    n = len(vectors)
    if n < 2:
        return Tree(np.empty((0, 4)))
    needed = 4 * n * (n - 1)
    if needed <= budget:
        merges = fastcluster.linkage(condensed_distances(vectors), method=linkage.value, preserve_input=False)
    elif linkage in (Linkage.WARD, Linkage.SINGLE):
        merges = fastcluster.linkage_vector(_leading(vectors), method=linkage.value)
    else:
        raise WorkbenchError(
            f"{linkage.value} linkage of {n:,} images needs {needed / 1024**3:.1f} GB; "
            "use ward or single, or fewer images"
        )
    return Tree(np.asarray(merges, dtype=np.float64))


def _leading(vectors: Floats) -> Floats:
    from defect_workbench.engine.features.pca import principal_components

    return np.ascontiguousarray(principal_components(vectors - vectors.mean(axis=0), _REDUCED_COLUMNS))
