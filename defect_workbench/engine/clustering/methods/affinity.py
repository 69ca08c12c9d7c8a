"""Affinity propagation, which finds its own number of clusters and an exemplar image for each.

Source: B. J. Frey, D. Dueck, Science 315 (2007), as implemented by scikit-learn.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import numpy as np

from defect_workbench.core.arrays import Floats, Integers
from defect_workbench.core.clustering.clustering_result import Flat
from defect_workbench.core.errors import Remedy, WorkbenchError
from defect_workbench.core.parameters import Number, Value, number_of
from defect_workbench.core.progress import Reporter
from defect_workbench.engine.clustering.linkage import LINKAGE, build_tree, linkage_of
from defect_workbench.engine.clustering.method import Grouping, Method
from defect_workbench.engine.features.distinct_rows import distinct_rows

MAX_IMAGES = 10_000
_ITERATIONS = 400
# In a single cluster the messages oscillate more readily than in a whole set.
_DAMPING_IN_A_CLUSTER = 0.8


class NotConverged(WorkbenchError):
    """The messages still changed when the iterations ended; such labels mean nothing."""


def affinity_propagation(
    vectors: Floats,
    preference: float | None = None,
    damping: float = 0.7,
    seed: int = 0,
) -> tuple[Integers, Integers]:
    """Exemplars, and each row's index among them; copies of one row stay together.

    Parameters
    ----------
    vectors : (n, d) float64
    preference : float, optional
        Of a row to be an exemplar, on the scale of the negative squared distances; default: their
        median. Lower gives fewer clusters.
    damping : float
        From 0.5 up to, not including, 1.

    Raises
    ------
    NotConverged
        If it did not settle; nothing of it may be shown.
    WorkbenchError
        If there are too many rows for a method of quadratic memory.
    """
    n = len(vectors)
    if n > MAX_IMAGES:
        raise WorkbenchError(
            f"affinity propagation is for up to {MAX_IMAGES:,} images; these are {n:,}",
            Remedy.COARSER_METHOD,
        )
    first, place = distinct_rows(vectors)
    if len(first) < 2:
        return np.zeros(min(n, 1), np.intp), np.zeros(n, np.intp)
    exemplars, labels = _propagate(vectors, preference, damping, seed)
    if not np.array_equal(labels, labels[first][place]):
        # Exemplars that are copies of each other: each different row counts once, then.
        exemplars, labels = _propagate(vectors[first], preference, damping, seed)
        exemplars, labels = first[exemplars], labels[place]
    return exemplars, labels


def _propagate(
    vectors: Floats, preference: float | None, damping: float, seed: int
) -> tuple[Integers, Integers]:
    from sklearn.cluster import AffinityPropagation
    from sklearn.exceptions import ConvergenceWarning

    model = AffinityPropagation(
        damping=damping, preference=preference, max_iter=_ITERATIONS, random_state=seed
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")  # two images only: "mutually equal similarities" is no failure
        model.fit(vectors)
    labels = np.asarray(model.labels_, dtype=np.intp)
    failed = [w for w in caught if issubclass(w.category, ConvergenceWarning)]
    if failed or (labels < 0).any() or model.n_iter_ >= _ITERATIONS:
        raise NotConverged(
            f"affinity propagation did not converge in {_ITERATIONS} steps, so it has no result; "
            "try a damping nearer to 1 (for example 0.9) or another preference"
        )
    return np.asarray(model.cluster_centers_indices_, dtype=np.intp), labels


def run(vectors: Floats, values: Mapping[str, Value], seed: int, reporter: Reporter) -> Grouping:
    """The groups, their exemplars, and the tree of the exemplars; see `Method.run`."""
    reporter.stage("Affinity propagation", None)
    preference = None if values["preference"] is None else number_of(values, "preference")
    exemplars, labels = affinity_propagation(vectors, preference, number_of(values, "damping"), seed)
    return Grouping(Flat(labels, exemplars, build_tree(vectors[exemplars], linkage_of(values))))


def _for_one_cluster(values: Mapping[str, Value]) -> Mapping[str, Value]:
    damping = max(number_of(values, "damping"), _DAMPING_IN_A_CLUSTER)
    return {**values, "preference": None, "damping": damping}


ENTRY = Method(
    "affinity",
    "Affinity propagation",
    (
        Number(
            "preference",
            "Preference",
            "of an image to be an exemplar: lower gives fewer clusters",
            None,
            unset="median",
            offered=(-1000.0, 0.0),
        ),
        Number(
            "damping",
            "Damping",
            "nearer to 1 converges more reliably, but more slowly",
            0.7,
            low=0.5,
            high=1.0,
            open_high=True,
            step=0.05,
        ),
        LINKAGE,
    ),
    builds_tree=False,
    run=run,
    for_one_cluster=_for_one_cluster,
)
