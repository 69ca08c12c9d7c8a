"""Clusterings of images, their cuts and outliers."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import SupportsIndex

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Flags, Floats, Integers, Vectors
from defect_workbench.core.clustering.clustering_result import Analysis, Settings, Suggestion
from defect_workbench.core.clustering.feature_blocks import BlockWeights
from defect_workbench.core.clustering.group_by import GroupBy
from defect_workbench.core.errors import InputError
from defect_workbench.core.parameters import Choice, Number, Value
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.text import counted
from defect_workbench.engine.clustering.registry import METHODS
from defect_workbench.engine.features.registry import BLOCKS, find_block
from defect_workbench.notebook.given_images import PathLike, TemporaryImages
from defect_workbench.notebook.image_features import Features
from defect_workbench.notebook.label_arrays import Cuts, cluster_names, labels_of
from defect_workbench.notebook.notebook_jobs import check_kind, job
from defect_workbench.workflows.open_project import OpenRequest, clusters_at, open_extracted, open_session

_GROUP_BY = Choice("group_by", "group_by", "", GroupBy.AUTO, tuple((each, "") for each in GroupBy))
_SEED = Number("seed", "the seed", "", 0, low=0, high=2**32 - 1, whole=True)


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
        A folder of golden references, or of clean images, which tell defects from backgrounds.
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
            group_by=GroupBy(_GROUP_BY.checked(group_by)),
            reference=_folder("reference", reference),
            clean=_folder("clean", clean),
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


def clusters_of_cut(analysis: Analysis, clusters: object, height: float | None) -> int:
    """Return the number of clusters of a cut, before outliers are set apart; see `cut`.

    Raises
    ------
    InputError
        If both are given, one is not possible, or there is no tree.
    """
    if clusters is None and height is None:
        return analysis.suggested_cut
    if clusters is not None and height is not None:
        raise InputError("a cut has a number of clusters or a height, not both")
    if analysis.tree is None:
        label = METHODS[analysis.settings.method].label.lower()
        raise InputError(f"{label} has no tree to cut; leave the number of clusters and the height out")
    if height is not None:
        number = float(height)
        if not 0 <= number < math.inf:
            raise InputError(f"the height of a cut must be a number from 0 up, not {height!r}")
        return clusters_at(analysis, number)
    count = int(clusters) if isinstance(clusters, int | np.integer) else 0
    if count < 1 or isinstance(clusters, bool):
        raise InputError(f"the number of clusters must be a whole number from 1 up, not {clusters!r}")
    return clusters_at(analysis, count)


def method_settings(
    name: str, weights: BlockWeights | None, seed: int, given: Mapping[str, Value]
) -> Settings:
    """Return the settings of a clustering.

    Parameters
    ----------
    given : mapping of str to (str, float or None)
        Parameters of the method; None stands for the default.

    Raises
    ------
    InputError
        If the method, a parameter or the seed is not possible.
    """
    method = METHODS[name]
    passed = {parameter: value for parameter, value in given.items() if value is not None}
    for parameter in sorted(passed.keys() - {each.name for each in method.parameters}):
        owners = [each.name for each in METHODS if parameter in (p.name for p in each.parameters)]
        if not owners:
            raise InputError(f"no clustering method has a parameter {parameter}")
        raise InputError(f"{parameter} belongs to the method {' or '.join(owners)}, not to {name}")
    checked_seed = int(_SEED.checked(seed) or 0)
    return Settings(method.name, method.completed(passed), weights, checked_seed)


def block_weights_of(given: str | Mapping[str, float]) -> BlockWeights | None:
    """Return block weights that were given; None if they are to be chosen from the data.

    Raises
    ------
    InputError
        If a block does not exist, or a weight is not possible.
    """
    from defect_workbench.engine.clustering.group import manual_weights

    if isinstance(given, str):
        if given != "auto":
            raise InputError(f'block weights are "auto" or a mapping such as {{"deep": 1}}, not {given!r}')
        return None
    try:
        weights = manual_weights({find_block(name).name: float(share) for name, share in given.items()})
    except (ValueError, TypeError) as error:
        raise InputError(f"block weights: {error}") from None
    if not any(weights.shares.values()):
        raise InputError(f"all block weights are 0; raise one of {', '.join(BLOCKS.names)}")
    return weights


def _folder(name: str, folder: PathLike | None) -> str:
    if folder is None:
        return ""
    path = Path(folder).expanduser()
    if not path.is_dir():
        raise InputError(f"{name}: there is no folder {path}")
    return os.path.abspath(path)
