"""Open a folder of images, a session or a feature store as a project."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from defect_workbench.core.clustering.clustering_result import Analysis, Settings
from defect_workbench.core.errors import InputError, Remedy, concerning
from defect_workbench.core.images.preprocessing_steps import Preprocessing
from defect_workbench.core.progress import Reporter
from defect_workbench.core.project.decisions import Decisions
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.text import counted
from defect_workbench.core.wafer.picture_choice import USUAL, PictureChoice
from defect_workbench.engine.input.scan import FoundFile, Listing, listing_of
from defect_workbench.storage.result.export_options import Mode
from defect_workbench.storage.result.image_placing import check_mode_of_pages
from defect_workbench.storage.session.session_file import load_session
from defect_workbench.workflows.detection.describe_set import DescribedSet, describe, describe_extracted
from defect_workbench.workflows.distributed.growing_store import complete_so_far
from defect_workbench.workflows.extract import FeatureOptions, remember_listed
from defect_workbench.workflows.klarf.image_listing import (
    ImageSource,
    ListedImages,
    klarf_files,
    list_images,
)

if TYPE_CHECKING:
    from defect_workbench.engine.extraction.extractor import Extraction
    from defect_workbench.storage.vectors.feature_store import FeatureStore

OnFound = Callable[[Path, tuple[str, ...]], None]


@dataclass(frozen=True)
class OpenRequest:
    """What to open, and how to group it.

    Attributes
    ----------
    settings : Settings
        Settings of the clustering, and the preprocessing of the features.
    cut : int, float or None
        A number of clusters, a merge height, or None for the best suggested cut.
    analyses : Path or None
        Folder of the cache of analyses; None to analyse without a cache.
    klarf : bool
        Whether the path is a folder of inspection files (KLARF), whose images are to be opened.
    choice : PictureChoice
        Which pictures of inspection files are used.
    mode : Mode
        How the images will be exported: a way that is not possible is refused before the work.
    """

    path: Path
    features: FeatureOptions
    settings: Settings = field(default_factory=Settings)
    cut: int | float | None = None
    analyses: Path | None = None
    klarf: bool = False
    choice: PictureChoice = USUAL
    mode: Mode = Mode.COPY


@dataclass(frozen=True, eq=False)
class OpenedProject:
    """A project, and what it was opened from.

    Attributes
    ----------
    session : Path or None
        The file it was read from.
    extraction : Extraction or None
        The features that were clustered; None for a session.
    seconds : mapping of str to float
        Duration of scan, extraction, defect maps and clustering, under "scan", "extract", "map" and "link".
    """

    project: Project
    session: Path | None = None
    extraction: Extraction | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def suggested(self) -> tuple[Preprocessing, str]:
        """The recommended preprocessing and the reason; for a session, its own and no reason."""
        if self.extraction is None:
            return self.project.analysis.settings.processing, ""
        return self.extraction.suggestion(self.project.analysis.group_by.chosen)


def open_project(request: OpenRequest, reporter: Reporter, on_found: OnFound | None = None) -> OpenedProject:
    """Open the session, feature store or folder at a path.

    Parameters
    ----------
    on_found : callable, optional
        Called with the folder and the paths of its images before features are extracted.

    Raises
    ------
    WorkbenchError
        If the path cannot be opened; see `open_session` and `open_folder`.
    """
    from defect_workbench.storage.vectors.feature_store import FeatureStore

    if request.path.is_file() and not klarf_files(request.path):
        reporter.stage("Opening the session", None)
        project = open_session(request.path)
        if on_found is not None:
            on_found(project.images.root, project.images.paths)
        return OpenedProject(project, request.path)
    if not request.klarf and FeatureStore.is_store(request.path):
        return _open_store(request, reporter, on_found)
    return open_folder(request, reporter, on_found)


def open_session(path: Path) -> Project:
    """Return the project in a session file.

    Raises
    ------
    WorkbenchError
        If the file does not exist, is damaged, or was written by a newer version.
    """
    with concerning(path):
        return load_session(path)


def open_folder(request: OpenRequest, reporter: Reporter, on_found: OnFound | None = None) -> OpenedProject:
    """List the images of a folder or of inspection files, extract their features and cluster them.

    Raises
    ------
    InputError
        If there is no usable image, the cut is not possible, or pages would have to be linked to.
    WorkbenchError
        If the feature store cannot be used, or there are too many images for the method.
    """
    started = time.perf_counter()
    source = ImageSource(request.path, request.klarf, request.choice)
    listed = list_images(source, reporter)
    check_mode_of_pages(listed.has_pages, request.mode)
    request = _with_named_references(request, listed)
    opened = _group(listed.listing, request, reporter, on_found, time.perf_counter() - started)
    remember_listed(request.features.open_store(), source, listed)
    return _with_inspection(opened, listed)


def open_extracted(
    listed: ListedImages, extraction: Extraction, request: OpenRequest, reporter: Reporter
) -> OpenedProject:
    """Cluster whole images whose features are extracted: the second half of `open_folder`.

    Parameters
    ----------
    listed : ListedImages
        The images that the features were extracted from.
    request : OpenRequest
        With the preprocessing of the extraction; `path` is not used.

    Raises
    ------
    InputError, WorkbenchError
        As `open_folder` does.
    """
    request = _with_named_references(request, listed)
    described = describe_extracted(extraction, request.settings, request.features, reporter)
    return _with_inspection(_grouped(described, request, reporter, 0.0), listed)


def _with_named_references(request: OpenRequest, listed: ListedImages) -> OpenRequest:
    """Return the request with the golden references that inspection files name, if it has no others."""
    settings = request.settings
    if not listed.reference or settings.reference or settings.clean or settings.clean_images:
        return request
    return replace(request, settings=replace(settings, reference=listed.reference))


def _with_inspection(opened: OpenedProject, listed: ListedImages) -> OpenedProject:
    project = opened.project
    return replace(opened, project=replace(project, inspection=listed.inspection(project.images)))


def open_again(
    project: Project, request: OpenRequest, reporter: Reporter, on_found: OnFound | None = None
) -> OpenedProject:
    """Group the files of a project again: whole images instead of the defects in them, or the reverse.

    Decisions are not kept, as they are about other images.

    Raises
    ------
    InputError, WorkbenchError
        As `open_folder` does.
    """
    images = project.images
    opened = _group(listing_of(images), request, reporter, on_found, 0.0)
    found = replace(opened.project.images, folders=images.folders)
    inspection = None
    if project.inspection is not None:
        row_of = {image.whole: row for row, image in enumerate(images.images)}
        inspection = project.inspection.take([row_of.get(image.whole, -1) for image in found.images])
    return replace(opened, project=replace(opened.project, images=found, inspection=inspection))


def _open_store(request: OpenRequest, reporter: Reporter, on_found: OnFound | None) -> OpenedProject:
    """Open the folder or the inspection files that a store was last filled from, even if they were deleted.

    If a run on a cluster is still filling the store, the images that are complete are opened.
    """
    from defect_workbench.storage.vectors.growth import growth_of

    features = request.features.with_store(request.path)
    store = features.open_store()
    growth = growth_of(request.path)
    root = store.last_root() if growth is None else Path(growth.root)
    if root is None:
        raise InputError(f"the feature store {request.path} is empty")
    listed = _listed_as_stored(store, root, reporter)
    if listed is not None:
        listing = listed.listing
    else:
        reporter.warn(f"the folder {root} was deleted or moved; its images cannot be shown")
        files = tuple(
            FoundFile(name, stamp.size, stamp.mtime_ns, stamp.changed_ns, stamp.inode)
            for name, stamp in sorted(store.stamps(root).items())
        )
        listing = Listing(root, files, ())
    if growth is not None:
        listing, features = complete_so_far(listing, growth, features, reporter)
    request = OpenRequest(request.path, features, request.settings, request.cut, request.analyses)
    if listed is None:
        return _group(listing, request, reporter, on_found, 0.0)
    request = _with_named_references(request, listed)
    return _with_inspection(_group(listing, request, reporter, on_found, 0.0), listed)


def _listed_as_stored(store: FeatureStore, root: Path, reporter: Reporter) -> ListedImages | None:
    """List the images that a store was filled from again; None if their folder was deleted."""
    from defect_workbench.storage.vectors.store_sources import source_of_root

    if not root.is_dir():
        return None
    fields = source_of_root(store, root)
    source = None if fields is None else ImageSource.from_json(fields)
    if source is not None:
        try:
            return list_images(source, reporter)
        except InputError as error:
            reporter.warn(f"the images of {root} are shown without inspection files: {error}")
    return list_images(ImageSource(root), reporter)


def _group(
    listing: Listing, request: OpenRequest, reporter: Reporter, on_found: OnFound | None, scan_seconds: float
) -> OpenedProject:
    if on_found is not None and listing.files:
        on_found(listing.root, tuple(file.path for file in listing.files))
    described = describe(listing, request.settings, request.features, reporter)
    return _grouped(described, request, reporter, scan_seconds)


def _grouped(
    described: DescribedSet, request: OpenRequest, reporter: Reporter, scan_seconds: float
) -> OpenedProject:
    images, extraction, found = described.images, described.extraction, described.found
    started = time.perf_counter()
    analysis = _analysis(described, request, reporter)
    seconds = {
        "scan": scan_seconds,
        "extract": extraction.seconds,
        "map": found.seconds,
        "link": time.perf_counter() - started,
    }
    clusters, decisions = clusters_at(analysis, request.cut), Decisions.none(len(images))
    project = Project(images, analysis, clusters, decisions, maps=found.maps)
    return OpenedProject(project, None, extraction, seconds)


def _analysis(described: DescribedSet, request: OpenRequest, reporter: Reporter) -> Analysis:
    """Return the analysis of the features, from the cache if it has one."""
    from defect_workbench.engine.clustering.group import analysis_identity
    from defect_workbench.engine.clustering.registry import completed
    from defect_workbench.storage.vectors.analysis_cache import AnalysisCache

    features, settings, images = described.found.features, completed(request.settings), described.images
    if request.analyses is None:
        return described.analyse(settings, reporter)
    cache = AnalysisCache(request.analyses)
    reporter.stage("Searching for a cached analysis", None)
    identity = analysis_identity(features)
    analysis = cache.get(images, identity, settings)
    if analysis is None:
        analysis = described.analyse(settings, reporter)
        cache.put(images, identity, analysis)
    return analysis


def clusters_at(analysis: Analysis, cut: int | float | None) -> int:
    """Return the number of clusters at a cut: a number, a merge height, or None for the best suggested cut.

    Raises
    ------
    InputError
        If there are fewer images than clusters.
    """
    tree = analysis.tree
    if cut is None or tree is None:
        return analysis.suggested_cut
    if isinstance(cut, float):
        return tree.clusters_at(cut)
    if cut > tree.leaves:
        raise InputError(
            f"{cut:,} clusters are not possible: there are only {counted(tree.leaves, 'image')}",
            Remedy.OTHER_CUT,
        )
    return cut
