"""Clusterings of images, their cuts and outliers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import SupportsIndex

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Flags, Floats, Integers, Vectors
from defect_workbench.core.clustering.clustering_result import Suggestion
from defect_workbench.core.clustering.feature_blocks import BlockWeights
from defect_workbench.core.clustering.group_by import GroupBy
from defect_workbench.core.errors import InputError
from defect_workbench.core.parameters import Value
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.text import counted
from defect_workbench.engine.clustering.registry import METHODS
from defect_workbench.notebook.clustering_arguments import (
    GROUP_BY,
    block_weights_of,
    clusters_of_cut,
    existing_folder,
    method_settings,
)
from defect_workbench.notebook.given_images import PathLike, TemporaryImages
from defect_workbench.notebook.image_features import Features
from defect_workbench.notebook.label_arrays import Cuts, cluster_names, labels_of
from defect_workbench.notebook.notebook_jobs import check_kind, job
from defect_workbench.workflows.open_project import OpenRequest, open_extracted, open_session


@dataclass(frozen=True, eq=False, repr=False)
class Clustering:
    """A clustering of n images, as `cluster` and `load_session` return it.

    All rows are in the order of `paths`.
    """

    _project: Project
    # Deletes the images of arrays when no object needs them any more.
    _temporary: TemporaryImages | None = None
    _cuts: Cuts = field(default_factory=Cuts)

    @property
    def paths(self) -> tuple[str, ...]:
        """The path of each image, relative to `folder`."""
        return self._project.images.paths

    @property
    def folder(self) -> Path:
        """The folder that contains the images."""
        return self._project.images.root

    @property
    def vectors(self) -> Vectors:
        """The fusion vectors, (n, d) float32; all distances are Euclidean distances between them."""
        return self._project.analysis.vectors

    @property
    def block_weights(self) -> BlockWeights:
        """The weights of the feature blocks (`shares`), and the reason for them (`why`)."""
        return self._project.analysis.weights

    @property
    def linkage_matrix(self) -> Floats | None:
        """The merges in SciPy's format, (n - 1, 4) float64, for `scipy.cluster.hierarchy`.

        None for a method that builds no tree, such as affinity propagation.
        """
        tree = self._project.analysis.tree
        return None if tree is None else tree.merges

    @property
    def suggested_cuts(self) -> tuple[Suggestion, ...]:
        """The suggested cuts, best first: `clusters`, `height`, `singletons`, `score`, `why`."""
        return self._project.analysis.suggestions

    @property
    def group_by(self) -> str:
        """What the images are grouped by, and why."""
        choice = self._project.analysis.group_by
        return f"{choice.chosen}: {choice.why}" if choice.why else str(choice.chosen)

    def names(self, labels: NDArray[np.integer] | None = None) -> dict[int, str]:
        """Return the name of each label as in `manifest.csv`; -1 is `_outliers`.

        Parameters
        ----------
        labels : (n,) int, optional
            As for `export`.

        Raises
        ------
        InputError
            If these are not labels of the images.
        """
        return cluster_names(self._project, labels, self._cuts)

    def __len__(self) -> int:
        return len(self._project.images)

    def __repr__(self) -> str:
        analysis = self._project.analysis
        method = METHODS[analysis.settings.method].words(analysis.settings.parameters)
        partition = self._project.partition
        outliers = counted(len(partition.outliers), "outlier")
        count = f"{counted(len(partition.clusters), 'cluster')} and {outliers}"
        return f"<Clustering of {len(self):,} images by {method}: {count} at the default cut>"


@dataclass(frozen=True, eq=False)
class Outliers:
    """The images that resemble no others, whatever the cut.

    Attributes
    ----------
    flags : (n,) bool
        Whether the score is above 1.
    scores : (n,) float64
        How little an image resembles the others.
    groups : (n,) int32
        The outlier group of each image, from 0, or -1.
    """

    flags: Flags
    scores: Floats
    groups: NDArray[np.int32]


def cluster(
    features: Features,
    method: str = "agglomerative",
    *,
    linkage: str | None = None,
    preference: float | None = None,
    damping: float | None = None,
    block_weights: str | Mapping[str, float] = "auto",
    group_by: str = "auto",
    reference: PathLike | None = None,
    clean: PathLike | None = None,
    seed: int = 0,
    progress: bool | None = None,
    **parameters: Value,
) -> Clustering:
    """Cluster images, as `defect-workbench cluster` does; the same options give the same clusters.

    Parameters
    ----------
    features : Features
        As `extract` returns them.
    method : {"agglomerative", "affinity"}
        Agglomerative clustering builds a tree that can be cut; affinity propagation chooses the number of
        clusters itself.
    linkage : {"ward", "average", "complete", "single"}, optional
        Default: "ward".
    preference, damping : float, optional
        Of affinity propagation: how readily an image becomes an exemplar (default: the median similarity),
        and the damping, from 0.5 to below 1 (default: as much as needed).
    block_weights : "auto" or mapping of str to float
        Weight of feature blocks by name; those that are not named have their default. 0 leaves a block out.
    group_by : {"auto", "picture", "defect", "both"}
        Group by the whole picture, by its defect, or by both. "auto" decides from the images.
    reference, clean : path, optional
        A folder of golden references, or of clean images, which distinguish defects from backgrounds.
    seed : int
        Of all random numbers.
    progress : bool, optional
        As for `extract`.
    **parameters
        Further parameters of the method, by their names on the command line.

    Returns
    -------
    Clustering

    Raises
    ------
    InputError
        If an argument is not possible.
    WorkbenchError
        If the method has no result: too many images, or affinity propagation does not converge.

    Examples
    --------
    >>> clustering = cluster(features, linkage="average")
    >>> [cut.clusters for cut in clustering.suggested_cuts]
    [7, 4, 19]
    """
    with job(progress) as reporter:
        check_kind(features, Features, "extract")
        settings = method_settings(
            method,
            block_weights_of(block_weights),
            seed,
            {"linkage": linkage, "preference": preference, "damping": damping, **parameters},
        )
        settings = replace(
            settings,
            processing=features._options.processing,
            group_by=GroupBy(GROUP_BY.checked(group_by)),
            reference=existing_folder("reference", reference),
            clean=existing_folder("clean", clean),
        )
        if settings.reference and settings.clean:
            raise InputError("pass reference or clean, not both; golden references tell more")
        request = OpenRequest(features.folder, features._options, settings)
        opened = open_extracted(features._given.listed, features._extraction, request, reporter)
        return Clustering(opened.project, features._given.temporary)


def load_session(file: PathLike) -> Clustering:
    """Return the clustering in a session, with the cut and the decisions of the user.

    Parameters
    ----------
    file : path
        As the window and `export` write it (`session.dwb`).

    Returns
    -------
    Clustering
        `cut` without arguments gives the clusters that the window shows.

    Raises
    ------
    WorkbenchError
        If the file does not exist, is damaged, or was written by a newer version.

    Examples
    --------
    >>> reviewed = load_session("groups/session.dwb")
    >>> reviewed.names()
    {0: 'scratch', 1: 'particle', 2: 'cluster-03', -1: '_outliers'}
    """
    with job():
        return Clustering(open_session(Path(file).expanduser()))


def cut(
    clustering: Clustering, clusters: SupportsIndex | None = None, *, height: float | None = None
) -> Integers:
    """Return the cluster of each image at a cut.

    Parameters
    ----------
    clustering : Clustering
    clusters : int, optional
        The number of clusters, counted before outliers are set apart.
    height : float, optional
        The merge height of the cut. Default of both: the best suggested cut; of a session, its own cut.

    Returns
    -------
    labels : (n,) intp
        From 0, by falling size of the clusters; -1 for outliers, which include clusters of one image. Label 0
        is `cluster-01` of an export.

    Raises
    ------
    InputError
        If both are given, the number is not possible, or the method has no tree to cut.

    Examples
    --------
    >>> labels = cut(clustering, clusters=7)
    >>> np.bincount(labels[labels >= 0])
    array([411, 271, 203, 200, 121,  90,  58])
    """
    with job():
        check_kind(clustering, Clustering, "cluster")
        project = clustering._project
        if clusters is not None or height is not None:
            project = project.changed(clusters=clusters_of_cut(project.analysis, clusters, height))
        labels = labels_of(project)
        clustering._cuts.remember(labels, project.clusters)
        return labels


def outliers(clustering: Clustering) -> Outliers:
    """Return the images that resemble no others, whatever the cut.

    A cut has further outliers: its clusters of one image. `cut` labels both kinds with -1.

    Parameters
    ----------
    clustering : Clustering

    Returns
    -------
    Outliers

    Examples
    --------
    >>> strange = outliers(clustering)
    >>> [clustering.paths[i] for i in np.argsort(-strange.scores)[:3]]
    ['0412.png', '0077.png', '1203.png']
    """
    check_kind(clustering, Clustering, "cluster")
    analysis = clustering._project.analysis
    scores = analysis.outlier_scores
    return Outliers(scores > 1, scores.copy(), analysis.outlier_groups.copy())
