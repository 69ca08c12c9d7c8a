"""The jobs that bring a folder, a session or a feature store into the window, and take a result out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from defect_workbench.app.jobs.runner import JobReporter, Lasting, Work
from defect_workbench.core.arrays import Floats, Integers
from defect_workbench.core.clustering.clustering_result import Settings
from defect_workbench.core.clustering.dendrogram_layout import Layout, lay_out
from defect_workbench.core.errors import InputError, WorkbenchError
from defect_workbench.core.images.image_records import ImageSet
from defect_workbench.core.images.preprocessing_steps import Processing
from defect_workbench.core.project.decisions import Decisions
from defect_workbench.core.project.palette import node_colours
from defect_workbench.core.project.project_state import Project
from defect_workbench.user_dirs import Places

if TYPE_CHECKING:
    from defect_workbench.engine.clustering.agreement import Comparison
    from defect_workbench.engine.input.scan import Listing
    from defect_workbench.storage.vectors.feature_store import FeatureStore


@dataclass(frozen=True)
class Found:
    """The files of a folder, known before anything is computed from them."""

    root: Path
    paths: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Opened:
    """A project ready to be shown, with what its tree's drawing needs.

    Attributes
    ----------
    session : Path or None
        The file it was read from.
    layout, colours
        Of the tree; None without one.
    plane : (n, 2) float64
        Where the images are on the map, by principal components.
    suggested : (Processing, str)
        The preparation that the pictures ask for, and why.
    """

    project: Project
    session: Path | None
    layout: Layout | None
    colours: Integers | None
    plane: Floats
    suggested: tuple[Processing, str]


@dataclass(frozen=True, eq=False)
class MapReady:
    """Places on the map, (n, 2), for the vectors they were made from."""

    vectors: NDArray[np.float32]
    plane: Floats


@dataclass(frozen=True, eq=False)
class Regrouped:
    """The same images grouped with other settings."""

    opened: Opened


@dataclass(frozen=True, eq=False)
class Refined:
    """One cluster's images as a project of their own."""

    opened: Opened


@dataclass(frozen=True, eq=False)
class Compared:
    """How far the project agrees with another sorting."""

    comparison: Comparison
    name: str


@dataclass(frozen=True)
class Saved(Lasting):
    """A session was written; `step` is the undo step it holds."""

    path: Path
    step: int = -1


@dataclass(frozen=True)
class Written(Lasting):
    """A file was written."""

    path: Path


@dataclass(frozen=True)
class Located:
    """How many of a project's images are in another folder."""

    root: Path
    there: int


@dataclass(frozen=True)
class WeightsReady(Lasting):
    """ResNet-50 weights are in use now."""

    name: str


def prepare(
    project: Project, session: Path | None = None, suggested: tuple[Processing, str] | None = None
) -> Opened:
    """Lay the tree out, and divide once, so that the window need not."""
    asked = suggested or (project.analysis.settings.processing, "")
    from defect_workbench.engine.clustering.map_layout import principal_plane

    tree = project.analysis.tree
    _ = project.partition
    plane = principal_plane(project.analysis.vectors)
    if tree is None or tree.leaves < 2:
        return Opened(project, session, None, None, plane, asked)
    _ = tree.children, tree.heights
    return Opened(project, session, lay_out(tree), node_colours(tree), plane, asked)


def open_path(path: Path, places: Places, *, offline: bool = False) -> Work:
    """The job that opens whatever `path` is."""

    def work(reporter: JobReporter) -> Opened:
        from defect_workbench.storage.vectors.feature_store import FeatureStore

        if path.is_file():
            return _open_session(path, reporter)
        if FeatureStore.is_store(path):
            return _open_store(path, places, reporter, offline)
        return _open_folder(path, FeatureStore(places.store), places, reporter, offline)

    return work


def _open_session(path: Path, reporter: JobReporter) -> Opened:
    from defect_workbench.storage.session.session_file import load_session

    reporter.stage("Opening the session", None)
    project = load_session(path)
    reporter.partial(Found(project.images.root, project.images.paths))
    return prepare(project, path)


def _open_store(path: Path, places: Places, reporter: JobReporter, offline: bool) -> Opened:
    """A store opens on the folder it was last filled from, even where that folder is gone."""
    from defect_workbench.engine.input.scan import FoundFile, Listing
    from defect_workbench.storage.vectors.feature_store import FeatureStore

    store = FeatureStore(path)
    root = store.last_root()
    if root is None:
        raise InputError(f"the feature store {path} is empty")
    if root.is_dir():
        return _open_folder(root, store, places, reporter, offline)
    reporter.warn(f"the folder {root} is not there; its images cannot be shown")
    stamps = store.stamps(root)
    files = tuple(
        FoundFile(name, stamp.size, stamp.mtime_ns, stamp.changed_ns, stamp.inode)
        for name, stamp in sorted(stamps.items())
    )
    return _analyse(Listing(root, files, ()), store, places, reporter, offline)


def _open_folder(
    root: Path, store: FeatureStore, places: Places, reporter: JobReporter, offline: bool
) -> Opened:
    from defect_workbench.engine.input.scan import scan

    return _analyse(scan(root.absolute(), reporter), store, places, reporter, offline)


def _analyse(
    listing: Listing, store: FeatureStore, places: Places, reporter: JobReporter, offline: bool
) -> Opened:
    from defect_workbench.engine.backbone.pretrained import WeightsLibrary
    from defect_workbench.engine.clustering.group import analyse, analysis_identity
    from defect_workbench.engine.clustering.registry import completed
    from defect_workbench.engine.extraction.extractor import extract
    from defect_workbench.storage.vectors.analysis_cache import AnalysisCache

    if not listing.files:
        raise InputError(f"there is no image in {listing.root}")
    reporter.partial(Found(listing.root, tuple(file.path for file in listing.files)))
    extraction = extract(listing, store, WeightsLibrary(places.weights), reporter, offline=offline)
    images = extraction.images
    if not len(images):
        first = images.rejected[0]
        raise InputError(
            f"none of the {len(images.rejected)} files in {listing.root} can be used; "
            f"the first, {first.path}: {first.reason}"
        )
    known, settings = AnalysisCache(places.analyses), completed(Settings())
    reporter.stage("Looking for an earlier analysis", None)
    features = extraction.features
    made = analysis_identity(features)
    analysis = known.get(images, made, settings)
    if analysis is None:
        analysis = analyse(features, settings, reporter)
        known.put(images, made, analysis)
    clusters = analysis.suggested_cut
    project = Project(images, analysis, clusters, Decisions.none(len(images)))
    return prepare(project, suggested=(extraction.suggested, extraction.why))


def lay_out_map(project: Project) -> Work:
    """The job that lays the map out by t-SNE."""

    def work(reporter: JobReporter) -> MapReady:
        from defect_workbench.engine.clustering.map_layout import neighbour_plane

        vectors = project.analysis.vectors
        return MapReady(vectors, neighbour_plane(vectors, reporter, project.analysis.settings.seed))

    return work


def regroup(project: Project, settings: Settings) -> Work:
    """The job that groups a project's images with other settings; decisions stay."""

    def work(reporter: JobReporter) -> Regrouped:
        from defect_workbench.engine.clustering.group import regroup as again

        analysis = again(project.analysis.blocks, project.analysis.backbone, settings, reporter)
        analysis = replace(analysis, identity=project.analysis.identity)
        clusters = analysis.suggested_cut
        changed = replace(project, analysis=analysis, clusters=clusters)
        return Regrouped(prepare(changed))

    return work


def draw_dendrogram(project: Project, path: Path) -> Work:
    """The job that writes the dendrogram as SVG, or as PNG where the name ends so."""

    def work(reporter: JobReporter) -> Written:
        from defect_workbench.storage.files.atomic import replacing
        from defect_workbench.storage.report.figures import dendrogram_file

        tree = project.analysis.tree
        if tree is None or tree.leaves < 2:
            raise InputError("there is no dendrogram to save")
        reporter.stage("Drawing the dendrogram", None)
        words = f"{len(project.images):,} images"
        try:
            with replacing(path) as draft:
                draft.write_bytes(
                    dendrogram_file(
                        tree, project.clusters, words, "png" if path.suffix.lower() == ".png" else "svg"
                    )
                )
        except OSError as error:
            raise WorkbenchError(f"{path} cannot be written: {error.strerror}") from error
        return Written(path)

    return work


def refine(project: Project, members: Integers, settings: Settings) -> Work:
    """The job that groups the images of one cluster more finely."""

    def work(reporter: JobReporter) -> Refined:
        from defect_workbench.engine.clustering.group import refine as finer

        images = project.images.images
        part = ImageSet(project.images.root, tuple(images[int(i)] for i in members), ())
        analysis = finer(project.analysis.vectors[members], settings, reporter)
        clusters = analysis.suggested_cut
        return Refined(prepare(Project(part, analysis, clusters, Decisions.none(len(members)))))

    return work


def compare(project: Project, other: Path) -> Work:
    """The job that compares a project with a session, or with folders sorted by hand."""

    def work(reporter: JobReporter) -> Compared:
        from defect_workbench.engine.clustering.agreement import compare as agree
        from defect_workbench.engine.clustering.agreement import read_sorted_folders
        from defect_workbench.storage.result.manifest import labelled
        from defect_workbench.storage.session.session_file import load_session

        there = labelled(load_session(other)) if other.is_file() else read_sorted_folders(other, reporter)
        return Compared(agree(labelled(project), there), other.name)

    return work


def save(project: Project, path: Path, step: int = -1) -> Work:
    """The job that writes a session; `step` comes back with the result."""

    def work(reporter: JobReporter) -> Saved:
        from defect_workbench.storage.session.session_file import save_session

        reporter.stage("Saving the session", None)
        save_session(path, project)
        return Saved(path, step)

    return work


def locate(project: Project, root: Path) -> Work:
    """The job that looks for a project's images in another folder."""

    def work(reporter: JobReporter) -> Located:
        reporter.stage("Looking for the images", len(project.images))
        there = 0
        for image in project.images.images:
            reporter.check()
            there += (root / image.path).is_file()
            reporter.advance()
        return Located(root, there)

    return work


def fetch_weights(places: Places, file: Path | None = None) -> Work:
    """The job that fetches the published weights, or takes them from a file."""

    def work(reporter: JobReporter) -> WeightsReady:
        from defect_workbench.engine.backbone.pretrained import WeightsLibrary

        library = WeightsLibrary(places.weights)
        if file is None:
            return WeightsReady(library.fetch(reporter).name)
        reporter.stage("Reading the weights", None)
        return WeightsReady(library.import_file(file).name)

    return work
