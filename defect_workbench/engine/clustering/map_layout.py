"""Place images on the map."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Floats
from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.progress import Reporter
from defect_workbench.engine.clustering.large.memory_budget import most_rows
from defect_workbench.engine.features.pca import principal_components

_STAGES = 4
_ITERATIONS = 250
_PERPLEXITY = 30.0
_FEWEST = 5
_PART, _NEAREST = 10_000, 5
_CHUNK = 4096


def principal_plane(vectors: NDArray[np.float32]) -> Floats:
    """Return the first two principal components of the vectors.

    Parameters
    ----------
    vectors : (n, d) float32

    Returns
    -------
    (n, 2) float64
    """
    rows = vectors.astype(np.float64)
    plane = np.zeros((len(rows), 2))
    if len(rows) > 2 and rows.shape[1] > 2:
        plane[:] = principal_components(rows - rows.mean(axis=0), 2)
    else:
        width = min(2, rows.shape[1])
        plane[:, :width] = rows[:, :width]
    return plane


def neighbour_plane(vectors: NDArray[np.float32], reporter: Reporter, seed: int = 0) -> Floats:
    """Return coordinates by t-SNE, which keeps neighbours together.

    Of more images than can be compared in pairs, a random part of 10,000 is laid out, and each of the others
    is placed at the median of the five that are nearest to it.

    Source: L. van der Maaten, G. Hinton, J. Mach. Learn. Res. 9 (2008), as implemented by
    scikit-learn. It is run in stages, to report progress and to be cancellable.

    Parameters
    ----------
    vectors : (n, d) float32

    Returns
    -------
    (n, 2) float64

    Raises
    ------
    WorkbenchError
        If there are fewer than five images.
    Cancelled
        If the user cancelled.
    """
    from sklearn.manifold import TSNE

    if len(vectors) < _FEWEST:
        raise WorkbenchError("t-SNE needs at least five images")
    if len(vectors) > most_rows():
        return _plane_by_part(vectors, reporter, seed)
    plane = principal_plane(vectors)
    plane = plane / max(float(plane[:, 0].std()), 1e-12) * 1e-4
    perplexity = min(_PERPLEXITY, (len(vectors) - 1) / 3)
    reporter.stage("Laying out the map by t-SNE", _STAGES)
    for stage in range(_STAGES):
        reporter.check()
        model = TSNE(
            init=plane.astype(np.float32),
            early_exaggeration=12.0 if stage == 0 else 1.0,
            max_iter=_ITERATIONS,
            perplexity=perplexity,
            learning_rate="auto",
            random_state=seed,
        )
        plane = np.asarray(model.fit_transform(vectors), dtype=np.float64)
        reporter.advance()
    return plane


def _plane_by_part(vectors: NDArray[np.float32], reporter: Reporter, seed: int) -> Floats:
    from sklearn.neighbors import NearestNeighbors

    size = min(_PART, most_rows())
    part = np.sort(np.random.default_rng(seed).choice(len(vectors), size, replace=False))
    reporter.warn(
        f"t-SNE lays out a random part of {size:,} images; each of the others is placed among the "
        f"{_NEAREST} of them that are nearest to it"
    )
    plane = np.empty((len(vectors), 2))
    plane[part] = neighbour_plane(vectors[part], reporter, seed)
    others = np.setdiff1d(np.arange(len(vectors)), part)
    model = NearestNeighbors(n_neighbors=_NEAREST, algorithm="brute").fit(vectors[part])
    reporter.stage("Placing the other images on the map", len(others))
    for start in range(0, len(others), _CHUNK):
        reporter.check()
        rows = others[start : start + _CHUNK]
        nearest = part[model.kneighbors(vectors[rows], return_distance=False)]
        plane[rows] = np.median(plane[nearest], axis=1)
        reporter.advance(len(rows))
    return plane
