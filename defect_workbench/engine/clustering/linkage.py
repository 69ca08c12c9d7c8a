"""Build merge trees: of all pairs with fastcluster, which releases the GIL; of more rows in two levels."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import numpy as np

from defect_workbench.core.arrays import Floats
from defect_workbench.core.clustering.merge_tree import Tree
from defect_workbench.core.distances import SquaredDistances
from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.parameters import Choice, Value
from defect_workbench.core.progress import Reporter, SilentReporter
from defect_workbench.engine.clustering.large import memory_budget
from defect_workbench.engine.clustering.large.two_level_tree import two_level_tree

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


def build_tree(
    vectors: Floats,
    linkage: Linkage = Linkage.WARD,
    budget: int | None = None,
    reporter: Reporter | None = None,
) -> Tree:
    """Return the merge tree of the rows of `vectors`.

    If the distances of all pairs do not fit into the budget, Ward's tree is built in two levels, and that of
    single linkage from the leading principal components, with memory proportional to n.

    Parameters
    ----------
    vectors : (n, d) float64
        n is at least 1.
    budget : int, optional
        Memory for the distances, in bytes; default: `memory_budget.BUDGET`.
    reporter : Reporter, optional
        Shows the progress of a tree in two levels.

    Raises
    ------
    WorkbenchError
        If average or complete linkage does not fit into the budget.
    Cancelled
        If the user cancelled.
    """
    import fastcluster

    n = len(vectors)
    if n < 2:
        return Tree(np.empty((0, 4)))
    budget, needed = memory_budget.BUDGET if budget is None else budget, 4 * n * (n - 1)
    if needed <= budget:
        merges = fastcluster.linkage(condensed_distances(vectors), method=linkage.value, preserve_input=False)
    elif linkage is Linkage.WARD:
        return two_level_tree(vectors, budget, reporter or SilentReporter())
    elif linkage is Linkage.SINGLE:
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
