"""The steps as estimators, by the conventions of scikit-learn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, ClusterMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from defect_workbench.core.arrays import Floats, Integers, Vectors
from defect_workbench.core.clustering.clustering_result import Settings
from defect_workbench.core.clustering.feature_blocks import DEEP, BlockWeights
from defect_workbench.core.clustering.feature_blocks import Features as BlockFeatures
from defect_workbench.core.errors import InputError
from defect_workbench.core.parameters import Value
from defect_workbench.core.project.decisions import Decisions, divide
from defect_workbench.engine.clustering.block_weights import choose_weights
from defect_workbench.engine.clustering.group import regroup
from defect_workbench.engine.clustering.linkage import LINKAGE, Linkage
from defect_workbench.engine.features.fusion import fitted_block, fuse, normalised_blocks
from defect_workbench.notebook.clustering_arguments import block_weights_of, clusters_of_cut, method_settings
from defect_workbench.notebook.given_images import Images, PathLike, given_images
from defect_workbench.notebook.image_features import extracted, feature_options, preprocessing
from defect_workbench.notebook.notebook_jobs import NotebookReporter, job


def _as_kept(block: Floats) -> Floats:
    """Return a block in the precision in which analyses keep it."""
    return block.astype(np.float32).astype(np.float64)


class FusionVectors(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Images to fusion vectors of the whole picture.

    `fit` learns how the feature blocks are scaled, reduced and weighted; `transform` does the same to other
    images. `fit_transform(images)` gives the vectors of `cluster(extract(images), group_by="picture")`.

    Parameters
    ----------
    block_weights : "auto" or mapping of str to float
        As for `cluster`.
    linkage : {"ward", "average", "complete", "single"}
        For which block weights are chosen from the data.
    store, weights, precision, info_bar, denoise, background, rescale_nm
        As for `extract`.
    random_state : int
        Seed of the choice of block weights.
    progress : bool or None
        As for `extract`.

    Attributes
    ----------
    block_weights_ : BlockWeights
        The weights in use (`shares`), and the reason for them (`why`).
    blocks_ : dict of str to FittedBlock
        How each block is scaled and reduced.

    Examples
    --------
    >>> model = make_pipeline(FusionVectors(), DefectClusters())
    >>> labels = model.fit_predict(sorted(Path("lot 4711").glob("*.png")))
    """

    def __init__(
        self,
        block_weights: str | Mapping[str, float] = "auto",
        *,
        linkage: str = "ward",
        store: PathLike | None = None,
        weights: str = "auto",
        precision: str = "auto",
        info_bar: str | int = "auto",
        denoise: str = "none",
        background: str = "none",
        rescale_nm: float | None = None,
        random_state: int = 0,
        progress: bool | None = False,
    ) -> None:
        self.block_weights = block_weights
        self.linkage = linkage
        self.store = store
        self.weights = weights
        self.precision = precision
        self.info_bar = info_bar
        self.denoise = denoise
        self.background = background
        self.rescale_nm = rescale_nm
        self.random_state = random_state
        self.progress = progress

    def fit(self, X: Images, y: Any = None) -> FusionVectors:
        """Learn scales, principal axes and block weights from images.

        Parameters
        ----------
        X : sequence of paths, or sequence of arrays
            As for `extract`; also a folder, whose images are then in the order of their paths.
        y : ignored

        Raises
        ------
        InputError
            If an image cannot be used, or a parameter is not possible.
        """
        self.fit_transform(X)
        return self

    def fit_transform(self, X: Images, y: Any = None, **parameters: Any) -> Floats:
        """Learn from images, and return their fusion vectors, (n, d) float64; see `fit`."""
        with job(self.progress) as reporter:
            given = block_weights_of(self.block_weights)
            linkage = Linkage(LINKAGE.checked(self.linkage))
            features, rows = self._blocks(X, reporter)
            blocks = normalised_blocks(features)
            # As the analysis of a set keeps them.
            kept = {name: _as_kept(block) for name, block in blocks.items()}
            chosen = given or choose_weights(kept, linkage, self.random_state)
            used = {name: kept[name] for name in kept if chosen.share(name) > 0}
            if not used:
                raise InputError("every available block has the weight 0; raise one of " + ", ".join(kept))
            self.block_weights_ = chosen
            self.blocks_ = {name: fitted_block(name, features.blocks[name], blocks[name]) for name in used}
            vectors = fuse(used, chosen)
            self._n_features_out = vectors.shape[1]
            return vectors[rows]

    def transform(self, X: Images) -> Floats:
        """Return the fusion vectors of images, (n, d) float64, in the order of `X`; see `fit`."""
        check_is_fitted(self)
        with job(self.progress) as reporter:
            features, rows = self._blocks(X, reporter)
            missing = self.blocks_.keys() - features.blocks.keys()
            if missing:
                raise InputError(f"these images have no features {', '.join(missing)}: weights are missing")
            raw = features.blocks
            blocks = {name: _as_kept(each.apply(raw[name])) for name, each in self.blocks_.items()}
            return fuse(blocks, self.block_weights_)[rows]

    def _blocks(self, images: Images, reporter: NotebookReporter) -> tuple[BlockFeatures, Integers]:
        """Return the features of the distinct images, and the row of each given image."""
        processing = preprocessing(self.info_bar, self.denoise, self.background, self.rescale_nm)
        options = feature_options(self.store, self.weights, self.precision, processing)
        given = given_images(images, reporter)
        features = extracted(given, options, reporter, own_store=self.store is None)
        order = features.paths if given.order is None else given.order
        row_of = {path: row for row, path in enumerate(features.paths)}
        for path in order:
            if path not in row_of:
                raise InputError(f"{features.folder / path} cannot be used: {features.rejected[path]}")
        return features._extraction.features, np.array([row_of[path] for path in order], np.intp)


class DefectClusters(ClusterMixin, BaseEstimator):
    """Clusters of vectors, with the suggested cut and the outliers of `cluster`.

    Parameters
    ----------
    n_clusters : "auto", int or None
        The number of clusters, counted before outliers are set apart; "auto" for the best suggested cut.
    distance_threshold : float, optional
        The merge height of the cut, in place of a number; `n_clusters` must then be "auto" or None.
    method : {"agglomerative", "affinity"}
        As for `cluster`; affinity propagation chooses the number of clusters itself.
    linkage, preference, damping
        As for `cluster`.
    parameters : mapping of str to (str, float or None), optional
        Further parameters of the method.
    random_state : int
        Seed of all random numbers.

    Attributes
    ----------
    labels_ : (n,) intp
        From 0, by falling size; -1 for outliers.
    n_clusters_ : int
        The number of clusters without outliers.
    outlier_scores_ : (n,) float64
        An image with a score above 1 is an outlier.
    suggested_cuts_ : tuple of Suggestion
        Best first; empty without a tree.
    children_ : (n - 1, 2) intp, distances_ : (n - 1,) float64
        The merges and their heights, as those of `sklearn.cluster.AgglomerativeClustering`; only with a tree.

    Examples
    --------
    >>> DefectClusters(n_clusters=7).fit_predict(vectors)
    array([0, 0, 3, ..., 1, -1, 2])
    """

    def __init__(
        self,
        n_clusters: str | int | None = "auto",
        *,
        distance_threshold: float | None = None,
        method: str = "agglomerative",
        linkage: str | None = None,
        preference: float | None = None,
        damping: float | None = None,
        parameters: Mapping[str, Value] | None = None,
        random_state: int = 0,
    ) -> None:
        self.n_clusters = n_clusters
        self.distance_threshold = distance_threshold
        self.method = method
        self.linkage = linkage
        self.preference = preference
        self.damping = damping
        self.parameters = parameters
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: Any = None) -> DefectClusters:
        """Cluster vectors.

        Parameters
        ----------
        X : (n, d) real
            Fusion vectors, or any others whose Euclidean distances mean something.
        y : ignored

        Raises
        ------
        InputError
            If a parameter is not possible.
        ValueError
            If `X` is not a matrix of finite numbers.
        """
        vectors: Floats = validate_data(self, X, dtype=np.float64)
        with job(False) as reporter:
            settings: Settings = method_settings(
                self.method,
                BlockWeights({DEEP: 1.0}, "given vectors"),
                self.random_state,
                {
                    "linkage": self.linkage,
                    "preference": self.preference,
                    "damping": self.damping,
                    **(self.parameters or {}),
                },
            )
            # In double precision, as they were given.
            analysis = regroup({DEEP: cast(Vectors, vectors)}, None, settings, reporter)
            clusters = None if self.n_clusters == "auto" else self.n_clusters
            cut = clusters_of_cut(analysis, clusters, self.distance_threshold)
        partition = divide(analysis, cut, Decisions.none(len(vectors)))
        self.labels_: Integers = partition.cluster_of.astype(np.intp)
        self.n_clusters_ = len(partition.clusters)
        self.outlier_scores_ = analysis.outlier_scores
        self.suggested_cuts_ = analysis.suggestions
        if analysis.tree is not None:
            self.children_ = analysis.tree.children
            self.distances_ = analysis.tree.heights
        return self
