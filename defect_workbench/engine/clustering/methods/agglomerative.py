"""Agglomerative clustering: a merge tree that can be cut at any height."""

from __future__ import annotations

from collections.abc import Mapping

from defect_workbench.core.arrays import Floats
from defect_workbench.core.clustering.clustering_result import AGGLOMERATIVE
from defect_workbench.core.parameters import Value
from defect_workbench.core.progress import Reporter
from defect_workbench.engine.clustering.linkage import LINKAGE, build_tree, linkage_of
from defect_workbench.engine.clustering.method import Grouping, Method


def run(vectors: Floats, values: Mapping[str, Value], seed: int, reporter: Reporter) -> Grouping:
    """Return the merge tree of the rows and the suggested cuts; see `Method.run`.

    Parameters
    ----------
    vectors : (n, d) float64

    Raises
    ------
    WorkbenchError
        If the linkage needs too much memory for n images.
    Cancelled
        If the user cancelled.
    """
    from defect_workbench.engine.clustering.cut_suggestions import score_cuts, suggest_cuts

    linkage = linkage_of(values)
    reporter.stage("Building the dendrogram", None)
    tree = build_tree(vectors, linkage, reporter=reporter)
    reporter.check()
    reporter.stage("Searching for the best cut", None)
    return Grouping(tree, suggest_cuts(tree, score_cuts(vectors, tree, linkage, seed)))


ENTRY = Method(
    AGGLOMERATIVE,
    "Agglomerative",
    (LINKAGE,),
    builds_tree=True,
    run=run,
    summary=lambda values: f"{values[LINKAGE.name]} linkage",
)
