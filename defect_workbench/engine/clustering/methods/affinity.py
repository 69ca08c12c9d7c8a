"""Affinity propagation, which determines the number of clusters and an exemplar for each.

Source: B. J. Frey, D. Dueck, Science 315 (2007), as implemented by scikit-learn.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from contextlib import suppress

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
# Tried in turn until one converges. Above 0.9, messages move so slowly that they seem to have converged.
_DAMPINGS = (0.7, 0.8, 0.9)


class NotConverged(WorkbenchError):
    """Affinity propagation did not converge; its labels are meaningless."""


def affinity_propagation(
    vectors: Floats,
    preference: float | None = None,
    damping: float | None = None,
    seed: int = 0,
) -> tuple[Integers, Integers]:
    """Return the exemplars, and each row's index among them; equal rows have the same exemplar.

    Parameters
    ----------
    vectors : (n, d) float64
    preference : float, optional
        How suitable rows are as exemplars, on the scale of the negative squared distances; default: their
        median. Lower values give fewer clusters.
    damping : float, optional
        At least 0.5 and less than 1; default: the lowest of 0.7, 0.8 and 0.9 with which it converges.
    seed : int
        Seed of the noise that breaks ties.

    Returns
    -------
    exemplars : (k,) intp
        Row numbers.
    labels : (n,) intp
        Indices into `exemplars`.

    Raises
    ------
    NotConverged
        If there is no result.
    WorkbenchError
        If there are more than `MAX_IMAGES` rows, as memory is quadratic in n.
    """
    if damping is not None:
        return _with_equal_rows_together(vectors, preference, damping, seed)
    for each in _DAMPINGS[:-1]:
        with suppress(NotConverged):
            return _with_equal_rows_together(vectors, preference, each, seed)
    return _with_equal_rows_together(vectors, preference, _DAMPINGS[-1], seed)


def _with_equal_rows_together(
    vectors: Floats, preference: float | None, damping: float, seed: int
) -> tuple[Integers, Integers]:
    n = len(vectors)
    if n > MAX_IMAGES:
        raise WorkbenchError(
            f"affinity propagation is limited to {MAX_IMAGES:,} images; there are {n:,}",
            Remedy.COARSER_METHOD,
        )
    first, inverse = distinct_rows(vectors)
    if len(first) < 2:
        return np.zeros(min(n, 1), np.intp), np.zeros(n, np.intp)
    exemplars, labels = _propagate(vectors, preference, damping, seed)
    if not np.array_equal(labels, labels[first][inverse]):
        # Equal rows became different exemplars; use each distinct row once instead.
        exemplars, labels = _propagate(vectors[first], preference, damping, seed)
        exemplars, labels = first[exemplars], labels[inverse]
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
        warnings.simplefilter(
            "always"
        )  # for two images, it also warns of "mutually equal similarities", which is not a failure
        model.fit(vectors)
    labels = np.asarray(model.labels_, dtype=np.intp)
    failed = [w for w in caught if issubclass(w.category, ConvergenceWarning)]
    if failed or (labels < 0).any() or model.n_iter_ >= _ITERATIONS:
        nearer = "a damping nearer to 1 (for example 0.9) or " if damping < _DAMPINGS[-1] else ""
        raise NotConverged(
            f"affinity propagation did not converge in {_ITERATIONS} steps, so it has no result; "
            f"try {nearer}another preference"
        )
    return np.asarray(model.cluster_centers_indices_, dtype=np.intp), labels


def run(vectors: Floats, values: Mapping[str, Value], seed: int, reporter: Reporter) -> Grouping:
    """Return the groups, their exemplars, and the merge tree of the exemplars; see `Method.run`.

    Parameters
    ----------
    vectors : (n, d) float64

    Raises
    ------
    WorkbenchError
        If there are too many images, or it did not converge.
    """
    reporter.stage("Affinity propagation", None)
    preference = None if values["preference"] is None else number_of(values, "preference")
    damping = None if values["damping"] is None else number_of(values, "damping")
    exemplars, labels = affinity_propagation(vectors, preference, damping, seed)
    return Grouping(Flat(labels, exemplars, build_tree(vectors[exemplars], linkage_of(values))))


def _for_one_cluster(values: Mapping[str, Value]) -> Mapping[str, Value]:
    # Both were chosen for the whole set.
    return {**values, "preference": None, "damping": None}


ENTRY = Method(
    "affinity",
    "Affinity propagation",
    (
        Number(
            "preference",
            "Preference",
            "how readily an image becomes an exemplar; lower gives fewer clusters",
            None,
            unset="median",
            offered=(-1000.0, 0.0),
        ),
        Number(
            "damping",
            "Damping",
            "nearer to 1 converges more reliably, but more slowly",
            None,
            unset="as needed",
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
