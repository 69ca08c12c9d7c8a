"""Open whatever a person names: a folder of images, a saved session or a feature store."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from defect_workbench.core.clustering.clustering_result import Analysis, Settings
from defect_workbench.core.errors import InputError, concerning
from defect_workbench.core.images.preprocessing_steps import Preprocessing
from defect_workbench.core.progress import Reporter
from defect_workbench.core.project.decisions import Decisions
from defect_workbench.core.project.project_state import Project
from defect_workbench.engine.input.scan import FoundFile, Listing, scan
from defect_workbench.storage.session.session_file import load_session
from defect_workbench.workflows.extract import FeatureOptions, extract_listing

if TYPE_CHECKING:
    from defect_workbench.engine.extraction.extractor import Extraction

OnFound = Callable[[Path, tuple[str, ...]], None]


@dataclass(frozen=True)
class OpenRequest:
    """What to open, and how to group it.

    Attributes
    ----------
    settings : Settings
        Of the grouping; its `processing` is what the features are made with.
    cut : int, float or None
        A number of clusters, a height, or None for the best suggestion.
    analyses : Path or None
        Folder of analyses made before; None: always analyse.
    """

    path: Path
    features: FeatureOptions
    settings: Settings = field(default_factory=Settings)
    cut: int | float | None = None
    analyses: Path | None = None


@dataclass(frozen=True, eq=False)
class OpenedProject:
    """A project, and where it comes from.

    Attributes
    ----------
    session : Path or None
        The file it was read from.
    extraction : Extraction or None
        The features it was made from; None for a session.
    seconds : mapping of str to float
        Of the scan, the extraction and the grouping ("scan", "extract", "link").
    """

    project: Project
    session: Path | None = None
    extraction: Extraction | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def suggested(self) -> tuple[Preprocessing, str]:
        """The preprocessing that the images call for, and why; that of the project where nothing does."""
        if self.extraction is None:
            return self.project.analysis.settings.processing, ""
        return self.extraction.suggested, self.extraction.why


def open_project(request: OpenRequest, reporter: Reporter, on_found: OnFound | None = None) -> OpenedProject:
    """Open a session, a feature store or a folder, whichever the path is.

    Parameters
    ----------
    on_found : callable, optional
        Called with the folder and the paths in it, before anything is computed from them.

    Raises
    ------
    WorkbenchError
        If it cannot be opened; see `open_session` and `open_folder`.
    """
    from defect_workbench.storage.vectors.feature_store import FeatureStore

    if request.path.is_file():
        reporter.stage("Opening the session", None)
        project = open_session(request.path)
        if on_found is not None:
            on_found(project.images.root, project.images.paths)
        return OpenedProject(project, request.path)
    if FeatureStore.is_store(request.path):
        return _open_store(request, reporter, on_found)
    return open_folder(request, reporter, on_found)


def open_session(path: Path) -> Project:
    """The project in a session file.

    Raises
    ------
    WorkbenchError
        If there is none, or it is damaged or of a newer version.
    """
    with concerning(path):
        return load_session(path)


def open_folder(request: OpenRequest, reporter: Reporter, on_found: OnFound | None = None) -> OpenedProject:
    """Scan a folder, extract its features and group its images.

    Raises
    ------
    InputError
        If no file in it can be used, or the cut is not possible.
    WorkbenchError
        If the feature store cannot be used, or there are too many images for the method.
    """
    started = time.perf_counter()
    listing = scan(Path(os.path.abspath(request.path)), reporter)
    return _group(listing, request, reporter, on_found, time.perf_counter() - started)


def _open_store(request: OpenRequest, reporter: Reporter, on_found: OnFound | None) -> OpenedProject:
    """A store opens on the folder it was last filled from, even where that folder is gone."""
    features = request.features.with_store(request.path)
    store = features.open_store()
    root = store.last_root()
    if root is None:
        raise InputError(f"the feature store {request.path} is empty")
    if root.is_dir():
        listing = scan(root, reporter)
    else:
        reporter.warn(f"the folder {root} is not there; its images cannot be shown")
        files = tuple(
            FoundFile(name, stamp.size, stamp.mtime_ns, stamp.changed_ns, stamp.inode)
            for name, stamp in sorted(store.stamps(root).items())
        )
        listing = Listing(root, files, ())
    request = OpenRequest(request.path, features, request.settings, request.cut, request.analyses)
    return _group(listing, request, reporter, on_found, 0.0)


def _group(
    listing: Listing, request: OpenRequest, reporter: Reporter, on_found: OnFound | None, scanned: float
) -> OpenedProject:
    if on_found is not None and listing.files:
        on_found(listing.root, tuple(file.path for file in listing.files))
    extraction = extract_listing(listing, request.features, reporter)
    started = time.perf_counter()
    analysis = _analysis(extraction, request, reporter)
    seconds = {"scan": scanned, "extract": extraction.seconds, "link": time.perf_counter() - started}
    images = extraction.images
    project = Project(images, analysis, clusters_at(analysis, request.cut), Decisions.none(len(images)))
    return OpenedProject(project, None, extraction, seconds)


def _analysis(extraction: Extraction, request: OpenRequest, reporter: Reporter) -> Analysis:
    """The analysis of features, which may have been made before."""
    from defect_workbench.engine.clustering.group import analyse, analysis_identity
    from defect_workbench.engine.clustering.registry import completed
    from defect_workbench.storage.vectors.analysis_cache import AnalysisCache

    features, settings = extraction.features, completed(request.settings)
    if request.analyses is None:
        return analyse(features, settings, reporter)
    known = AnalysisCache(request.analyses)
    reporter.stage("Looking for an earlier analysis", None)
    identity = analysis_identity(features)
    analysis = known.get(extraction.images, identity, settings)
    if analysis is None:
        analysis = analyse(features, settings, reporter)
        known.put(extraction.images, identity, analysis)
    return analysis


def clusters_at(analysis: Analysis, cut: int | float | None) -> int:
    """The number of clusters at a cut: a number, a height, or None for the best suggestion.

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
        raise InputError(f"{cut:,} clusters are not possible: there are only {tree.leaves:,} images")
    return cut
