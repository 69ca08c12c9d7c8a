"""Jobs that open, regroup and compare projects, and save sessions."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from defect_workbench.app.columns import ColumnParts, column_parts
from defect_workbench.app.jobs.runner import JobReporter, ResultOnDisk, Work
from defect_workbench.core.arrays import Floats, Integers, Vectors
from defect_workbench.core.clustering.clustering_result import Settings
from defect_workbench.core.clustering.dendrogram_layout import Layout, lay_out
from defect_workbench.core.images.preprocessing_steps import Preprocessing
from defect_workbench.core.project.palette import node_colours
from defect_workbench.core.project.project_state import Project
from defect_workbench.storage.session.session_file import save_session
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows import open_project as opening
from defect_workbench.workflows import regroup as regrouping
from defect_workbench.workflows import weights
from defect_workbench.workflows.compare import compare as agreement
from defect_workbench.workflows.export import save_dendrogram
from defect_workbench.workflows.extract import FeatureOptions
from defect_workbench.workflows.klarf.image_listing import ImageSource
from defect_workbench.workflows.open_project import OpenRequest

if TYPE_CHECKING:
    from defect_workbench.engine.clustering.agreement import Comparison


@dataclass(frozen=True)
class FilesFound:
    """The image files of a folder, known before any feature is computed."""

    root: Path
    paths: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Opened:
    """A project ready to be shown, with the layout of its tree and map.

    Attributes
    ----------
    session : Path or None
        The file it was read from.
    layout, colours
        Of the tree; None without a tree.
    plane : (n, 2) float64
        Positions of the images on the map, by principal components.
    suggested : (Preprocessing, str)
        The suggested preprocessing, and why.
    columns : ColumnParts
        Columns of the project that are made already.
    """

    project: Project
    session: Path | None
    layout: Layout | None
    colours: Integers | None
    plane: Floats
    suggested: tuple[Preprocessing, str]
    columns: ColumnParts = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class MapReady:
    """Positions of the images on the map, (n, 2), and the vectors they were computed from."""

    vectors: Vectors
    plane: Floats


@dataclass(frozen=True, eq=False)
class Regrouped:
    """The same images grouped with other settings."""

    opened: Opened


@dataclass(frozen=True, eq=False)
class Refined:
    """The images of one cluster as a separate project."""

    opened: Opened


@dataclass(frozen=True, eq=False)
class Compared:
    """The agreement of a project with another grouping of its images."""

    comparison: Comparison
    name: str


@dataclass(frozen=True)
class Saved(ResultOnDisk):
    """A session was written; `step` is the undo step whose state it holds."""

    path: Path
    step: int = -1


@dataclass(frozen=True)
class Written(ResultOnDisk):
    """A file was written."""

    path: Path


@dataclass(frozen=True)
class Located:
    """The number of a project's images that exist in another folder."""

    root: Path
    present: int


@dataclass(frozen=True)
class WeightsReady(ResultOnDisk):
    """Network weights are available from now on."""

    name: str


def prepare(
    project: Project, session: Path | None = None, suggested: tuple[Preprocessing, str] | None = None
) -> Opened:
    """Return a project ready to be shown; tree, clusters, map and columns are computed here."""
    from defect_workbench.engine.clustering.map_layout import principal_plane

    suggested = suggested or (project.analysis.settings.processing, "")
    tree = project.analysis.tree
    _ = project.partition, project.images.paths, project.images.locations
    plane, columns = principal_plane(project.analysis.vectors), column_parts(project)
    if tree is None or tree.leaves < 2:
        return Opened(project, session, None, None, plane, suggested, columns)
    _ = tree.children, tree.heights
    return Opened(project, session, lay_out(tree), node_colours(tree), plane, suggested, columns)


def open_source(
    source: ImageSource, places: UserDirs, settings: Settings | None = None, *, offline: bool = False
) -> Work:
    """Return the job that opens a folder, an inspection file, a session or a feature store.

    Parameters
    ----------
    settings : Settings, optional
        Of the clustering, unless a session has its own; by default the usual ones.
    """

    def work(reporter: JobReporter) -> Opened:
        features = FeatureOptions.at(places, offline=offline)
        opened = opening.open_project(
            OpenRequest(
                source.path,
                features,
                settings or Settings(),
                analyses=places.analyses,
                klarf=source.klarf,
                choice=source.choice,
            ),
            reporter,
            on_found=lambda root, paths: reporter.partial(FilesFound(root, paths)),
        )
        return prepare(opened.project, opened.session, opened.suggested)

    return work


def open_again(project: Project, settings: Settings, places: UserDirs, *, offline: bool = False) -> Work:
    """Return the job that groups the files of a project again with other settings, such as by defect."""

    def work(reporter: JobReporter) -> Opened:
        processing = settings.processing
        features = FeatureOptions.at(places, offline=offline, processing=processing)
        request = OpenRequest(project.images.root, features, settings, analyses=places.analyses)
        opened = opening.open_again(project, request, reporter)
        return prepare(opened.project, opened.session, opened.suggested)

    return work


def lay_out_map(project: Project) -> Work:
    """Return the job that computes the map by t-SNE."""

    def work(reporter: JobReporter) -> MapReady:
        from defect_workbench.engine.clustering.map_layout import neighbour_plane

        vectors = project.analysis.vectors
        return MapReady(vectors, neighbour_plane(vectors, reporter, project.analysis.settings.seed))

    return work


def regroup(project: Project, settings: Settings, places: UserDirs) -> Work:
    """Return the job that groups a project's images with other settings; decisions stay."""

    def work(reporter: JobReporter) -> Regrouped:
        options = FeatureOptions.at(places, offline=True)
        return Regrouped(prepare(regrouping.regroup(project, settings, options, reporter)))

    return work


def refine(project: Project, members: Integers, settings: Settings) -> Work:
    """Return the job that groups the images of one cluster more finely."""

    def work(reporter: JobReporter) -> Refined:
        return Refined(prepare(regrouping.refine(project, members, settings, reporter)))

    return work


def draw_dendrogram(project: Project, path: Path) -> Work:
    """Return the job that writes the dendrogram as SVG or PNG."""

    def work(reporter: JobReporter) -> Written:
        reporter.stage("Drawing the dendrogram", None)
        save_dendrogram(project, path)
        return Written(path)

    return work


def compare(project: Project, other: Path) -> Work:
    """Return the job that compares a project with a session, or with labelled folders."""

    def work(reporter: JobReporter) -> Compared:
        return Compared(agreement(project, other, reporter), other.name)

    return work


def save(project: Project, path: Path, step: int = -1) -> Work:
    """Return the job that writes a session; `step` is passed on to the result."""

    def work(reporter: JobReporter) -> Saved:
        reporter.stage("Saving the session", None)
        save_session(path, project)
        return Saved(path, step)

    return work


def locate(project: Project, root: Path) -> Work:
    """Return the job that looks for a project's images in another folder."""

    def work(reporter: JobReporter) -> Located:
        reporter.stage("Looking for the images", len(project.images))
        present = 0
        for image in project.images.images:
            reporter.check()
            present += (root / image.file).is_file()
            reporter.advance()
        return Located(root, present)

    return work


def fetch_weights(places: UserDirs, file: Path | None = None) -> Work:
    """Return the job that fetches the published weights, or imports them from a file."""

    def work(reporter: JobReporter) -> WeightsReady:
        if file is None:
            return WeightsReady(weights.fetch_weights(places.weights, reporter).name)
        reporter.stage("Reading the weights", None)
        return WeightsReady(weights.import_weights(places.weights, file).name)

    return work
