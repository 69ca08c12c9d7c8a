"""Extract the features of a folder's images on the workers of a Dask cluster.

This machine lists the images, decides what is to be computed and checks the workers; the workers read the
images from the same folder and write their parts of the same feature store. Each content belongs to one
share, and a share names its parts, so no vector is stored twice, even if a worker is lost and its share done
again.
"""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from defect_workbench.core.errors import Remedy, WorkbenchError
from defect_workbench.core.images.image_records import FileStamp, Rejection
from defect_workbench.core.progress import Reporter
from defect_workbench.core.text import counted
from defect_workbench.engine.backbone.network import Precision
from defect_workbench.engine.extraction.machine_identity import machine_identity
from defect_workbench.engine.features.identity import NetworkInUse
from defect_workbench.engine.input.scan import FoundFile, Listing
from defect_workbench.storage.vectors.feature_store import FeatureStore
from defect_workbench.storage.vectors.growth import Growth, GrowthMark
from defect_workbench.workflows.distributed.dask_cluster import DaskCluster, connected
from defect_workbench.workflows.distributed.roster import ClusterWorker, Roster
from defect_workbench.workflows.distributed.share_planning import shares_to_describe, shares_to_read
from defect_workbench.workflows.distributed.task_queue import TaskQueue
from defect_workbench.workflows.distributed.worker_job import Contents, Described, Share, WorkerJob
from defect_workbench.workflows.distributed.worker_tasks import describe_images, read_contents
from defect_workbench.workflows.extract import (
    ExtractedFolder,
    FeatureOptions,
    check_listing,
    checked,
    remember_listed,
)
from defect_workbench.workflows.klarf.image_listing import ImageSource, list_images

if TYPE_CHECKING:
    from defect_workbench.engine.extraction.extractor import Extraction
    from defect_workbench.engine.extraction.image_reader import Task

# What a worker has written may be seen here later, as network folders are looked up only from time to time.
_VISIBLE_SECONDS = 90.0
_SAMPLES = 5


@dataclass(frozen=True)
class ClusterChoice:
    """The cluster to use.

    Attributes
    ----------
    address : str
        Of its scheduler.
    allow_mixed : bool
        Use workers whose vectors may differ from this machine's in the last bits.
    """

    address: str
    allow_mixed: bool = False


@dataclass(frozen=True, eq=False)
class ClusterExtraction:
    """The features of a folder, and the workers that were there; none if nothing had to be computed."""

    extracted: ExtractedFolder
    workers: Sequence[ClusterWorker]


@dataclass
class _Work:
    """The state of a run: which images are read, described or rejected."""

    listing: Listing
    stored: dict[str, FileStamp]
    sha256s: dict[str, str | None]
    task: Task
    network: NetworkInUse | None
    rejected: dict[str, Rejection] = field(default_factory=dict)
    computed: set[str] = field(default_factory=set)
    shares: int = 0

    def open_files(self) -> list[FoundFile]:
        """Return the files that are neither rejected nor completely described."""
        return [
            file for file in self.listing.files if file.path not in self.rejected and not self._complete(file)
        ]

    def _complete(self, file: FoundFile) -> bool:
        sha256 = self.sha256s[file.path]
        return sha256 is not None and self.task.complete(file.path, sha256)

    def new_stamps(self) -> dict[str, FileStamp]:
        """Return the stamps that the store does not have."""
        stamps = {
            file.path: file.stamp(sha256)
            for file in self.listing.files
            if (sha256 := self.sha256s[file.path]) is not None
        }
        return {path: stamp for path, stamp in stamps.items() if self.stored.get(path) != stamp}


def extract_on_cluster(
    source: ImageSource, options: FeatureOptions, choice: ClusterChoice, reporter: Reporter
) -> ClusterExtraction:
    """List the images of a folder or of inspection files, and extract their features on a cluster.

    Raises
    ------
    InputError
        If the address is not one, the source does not exist, or none of its images can be used.
    WorkbenchError
        If the cluster or the feature store cannot be used, or no worker may be.
    Cancelled
        If the user cancelled; what was finished is in the store.
    """
    options = options.with_store(Path(os.path.abspath(options.store)))
    reporter.stage("Connecting to the Dask cluster", None)
    with connected(choice.address) as cluster:
        started = time.perf_counter()
        listed = list_images(source, reporter)
        listing = listed.listing
        scanned = time.perf_counter() - started
        store = options.open_store()
        check_listing(listing)
        remember_listed(store, source, listed)
        work = _planned(listing, store, options, reporter)
        started = time.perf_counter()
        workers: Sequence[ClusterWorker] = ()
        if work.open_files():
            workers = _compute(work, store, options, choice, cluster, reporter)
        seconds = time.perf_counter() - started
    extraction = _collected(work, store, options, reporter)
    computed = work.computed & {image.sha256 for image in extraction.images.images}
    extraction = checked(replace(extraction, computed=len(computed), seconds=seconds), options)
    return ClusterExtraction(ExtractedFolder(extraction, scanned), workers)


def _planned(listing: Listing, store: FeatureStore, options: FeatureOptions, reporter: Reporter) -> _Work:
    """Determine the network as extraction on one machine does, and what the store has of the images."""
    from defect_workbench.engine.extraction.image_reader import Task
    from defect_workbench.engine.extraction.measure_version import choose_measure_version
    from defect_workbench.engine.extraction.network_vectors import Contents as FileContents
    from defect_workbench.engine.extraction.network_vectors import choose_network, obtain_weights
    from defect_workbench.engine.extraction.stored_vectors import open_blocks
    from defect_workbench.engine.input.sidecar_files import SidecarFiles

    info, _ = obtain_weights(options.library, reporter, options.offline)
    reporter.stage("Searching the feature store", None)
    stamps = store.stamps(listing.root)
    known = [file.known_content(stamps) for file in listing.files]
    blocks = open_blocks(store, options.processing, None)
    task = Task(listing.root, options.processing, blocks, SidecarFiles(listing.root))
    contents = FileContents(listing.files, known, task, reporter.check)
    version = choose_measure_version(store, task, contents, options.measure_version)
    blocks = open_blocks(store, options.processing, None, measure_version=version)
    task = replace(task, blocks=blocks, measure_version=version)
    network = None
    if info is not None:
        precision = None if options.precision is None else Precision(options.precision)
        network, blocks = choose_network(store, info, precision, task, contents, options.description)
        task = replace(task, blocks=blocks)
    paths = [file.path for file in listing.files]
    return _Work(listing, stamps, dict(zip(paths, known, strict=True)), task, network)


def _compute(
    work: _Work,
    store: FeatureStore,
    options: FeatureOptions,
    choice: ClusterChoice,
    cluster: DaskCluster,
    reporter: Reporter,
) -> Sequence[ClusterWorker]:
    """Let the workers compute what the store lacks; return the workers."""
    root = Path(os.path.abspath(work.listing.root))
    job = WorkerJob(
        uuid.uuid4().hex[:8],
        time.time_ns(),
        root,
        store.folder,
        Path(os.path.abspath(options.weights)),
        options.processing,
        work.network,
        work.task.measure_version,
    )
    mark = GrowthMark(store.folder, job.run)
    network = None if work.network is None else asdict(work.network)
    growth = Growth(str(work.listing.root), len(work.listing.files), network, options.processing.identity())
    try:
        store.mark()
        mark.write(growth)
    except OSError as error:
        raise store.write_error(error) from error
    samples = work.open_files()[:_SAMPLES]
    identity = machine_identity(options.processing, work.network)
    roster = Roster(cluster, job, samples, identity, choice.allow_mixed, reporter)
    queue = TaskQueue(cluster, roster, job, mark, reporter)
    try:
        roster.begin()
        _read(work, store, roster, queue, reporter)
        _describe(work, store, roster, queue, reporter)
        roster.look()
    finally:
        mark.remove()
        queue.end()
        roster.cancel()
        _remember(work, store)
    return roster.workers


def _read(work: _Work, store: FeatureStore, roster: Roster, queue: TaskQueue, reporter: Reporter) -> None:
    """Let the workers read what is not known yet: which contents the files have."""
    unknown = [file for file in work.listing.files if work.sha256s[file.path] is None]
    shares = shares_to_read(unknown, sum(roster.used.values()), work.shares)
    work.shares += len(shares)

    def done(share: Share, contents: Contents) -> None:
        work.sha256s.update(zip((file.path for file in share.files), contents.sha256s, strict=True))
        reporter.advance(len(share.files))

    reporter.stage(f"Reading the images on {_workers(roster)}", len(unknown))
    queue.run("read-images", read_contents, shares, done)
    _remember(work, store)


def _describe(work: _Work, store: FeatureStore, roster: Roster, queue: TaskQueue, reporter: Reporter) -> None:
    """Let the workers describe the images, until each is described or rejected."""

    def done(share: Share, described: Described) -> None:
        work.sha256s.update(described.contents)
        work.rejected.update((each.path, each) for each in described.rejected)
        work.computed.update(described.contents.values())
        roster.credit(described.host, described.pid, described.computed)
        reporter.advance(len(share.files))

    first = True
    while still_open := work.open_files():
        shares = shares_to_describe(
            still_open, work.sha256s, work.task, sum(roster.used.values()), work.shares
        )
        work.shares += len(shares)
        files = [file for share in shares for file in share.files]
        if first:
            reporter.stage(f"Extracting features on {_workers(roster)}", len(files))
        first = False
        queue.run("extract-images", describe_images, shares, done)
        _wait_until_visible(work, store, files, reporter)


def _wait_until_visible(
    work: _Work, store: FeatureStore, files: Sequence[FoundFile], reporter: Reporter
) -> None:
    """Open the store again until it shows what the workers have written.

    Raises
    ------
    WorkbenchError
        If it does not within one and a half minutes.
    """
    from defect_workbench.engine.extraction.stored_vectors import open_blocks

    paths = {file.path for file in files}
    deadline = time.monotonic() + _VISIBLE_SECONDS
    while True:
        task = work.task
        blocks = open_blocks(store, task.processing, work.network, measure_version=task.measure_version)
        work.task = replace(task, blocks=blocks)
        missing = [file for file in work.open_files() if file.path in paths]
        if not missing:
            return
        reporter.check()
        if time.monotonic() > deadline:
            raise WorkbenchError(
                f"the features of {counted(len(missing), 'image')} that workers have written do not appear "
                f"in {store.folder}; check that it is the same folder on all machines"
            )
        threading.Event().wait(1.0)


def _remember(work: _Work, store: FeatureStore) -> None:
    stamps = work.new_stamps()
    store.remember_files(work.listing.root, stamps)
    work.stored |= stamps


def _collected(work: _Work, store: FeatureStore, options: FeatureOptions, reporter: Reporter) -> Extraction:
    """Return what the store has now, as extraction on one machine returns it."""
    from defect_workbench.engine.extraction.extractor import extract

    listing = work.listing
    files = tuple(file for file in listing.files if file.path not in work.rejected)
    reporter.stage("Collecting the features", None)
    return extract(
        replace(listing, files=files, rejected=(*listing.rejected, *work.rejected.values())),
        store,
        options.library,
        _Quiet(reporter),
        offline=True,
        precision=None if work.network is None else Precision(work.network.precision),
        processing=options.processing,
        description=None if work.network is None else work.network.description,
        measure_version=work.task.measure_version,
    )


def _workers(roster: Roster) -> str:
    return counted(len(roster.used), "worker")


class _Quiet:
    """A reporter for what has been reported already; it only stops."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter

    def stage(self, title: str, total: int | None) -> None:
        """Ignore the stage."""

    def advance(self, steps: int = 1) -> None:
        """Ignore the steps."""

    def warn(self, message: str, remedy: Remedy | None = None) -> None:
        """Ignore the warning."""

    def check(self) -> None:
        """Raise `Cancelled` if the user cancelled."""
        self._reporter.check()
