"""What a worker of the cluster does: look around, read contents, describe images."""

from __future__ import annotations

import os
import socket
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from defect_workbench.core.errors import Cancelled, Remedy, WorkbenchError
from defect_workbench.engine.backbone.checkpoint import Checkpoint
from defect_workbench.engine.backbone.network import Precision
from defect_workbench.engine.backbone.pretrained import WeightsLibrary
from defect_workbench.engine.extraction.machine_identity import machine_identity
from defect_workbench.engine.extraction.network_vectors import NetworkVectors
from defect_workbench.engine.features.identity import NetworkInUse
from defect_workbench.engine.input.file_reading import content_sha256, is_too_large, read_found
from defect_workbench.engine.input.scan import FoundFile, Listing, found_file
from defect_workbench.storage.vectors.feature_store import FeatureStore
from defect_workbench.storage.vectors.growth import mark_path
from defect_workbench.user_dirs import UserDirs
from defect_workbench.workflows.distributed.gathering_store import GatheringStore
from defect_workbench.workflows.distributed.worker_job import (
    Contents,
    Described,
    Share,
    WorkerJob,
    WorkerReport,
)

if TYPE_CHECKING:
    from defect_workbench.engine.extraction.extractor import Extraction

# A worker is one of several processes on its machine, one per core.
_CORES = 1
_READING_THREADS = 2
_SECONDS_BETWEEN_LOOKS = 1.0

# The network and its memory exist once per process, whatever its number of threads.
_one_at_a_time = Lock()


def look_around(job: WorkerJob, samples: tuple[FoundFile, ...]) -> WorkerReport:
    """Return what this worker is, and what it lacks for a job.

    Parameters
    ----------
    samples : tuple of FoundFile
        Some images of the folder; a worker that has one of them sees the right folder.
    """
    lacking = [*_lacking_folder(job, samples), *_lacking_store(job)]
    if job.network is not None and _weights(job, job.network) is None:
        lacking.append(_lacking_weights(job.network))
    return WorkerReport(
        socket.gethostname(), os.getpid(), tuple(lacking), machine_identity(job.processing, job.network)
    )


def read_contents(job: WorkerJob, share: Share) -> Contents:
    """Return the content hashes of the files of a share."""

    def sha256(file: FoundFile) -> str | None:
        _check_wanted(job)
        data = None if is_too_large(file) else read_found(job.root, file)
        return content_sha256(file, data) if isinstance(data, bytes) else None

    with ThreadPoolExecutor(_READING_THREADS, thread_name_prefix="read") as pool:
        return Contents(tuple(pool.map(sha256, share.files)))


def describe_images(job: WorkerJob, share: Share) -> Described:
    """Compute the features of the images of a share, and write them to the store as parts named by the share.

    Raises
    ------
    Cancelled
        If the run was stopped; nothing is written then.
    WorkbenchError
        If the store cannot be written, or the weights cannot be loaded.
    """
    host = socket.gethostname()
    try:
        with _one_at_a_time:
            extraction = _described(job, share, host)
    except Cancelled:
        raise
    except WorkbenchError as error:
        raise WorkbenchError(f"{error} (a worker on {host})", error.remedy) from error
    images = extraction.images
    contents = {image.path: image.sha256 for image in images.images}
    return Described(host, os.getpid(), contents, tuple(images.rejected), extraction.computed)


def _described(job: WorkerJob, share: Share, host: str) -> Extraction:
    from defect_workbench.engine.extraction.extractor import extract

    _check_wanted(job)
    identity = machine_identity(job.processing, job.network)
    store = FeatureStore(
        job.store,
        part=f"{job.started_ns:020d}-{job.run}-{share.number:06d}",
        origin={"computed_on": host, "processor": identity.processor, "kernels": identity.kernels},
    )
    stamps = {
        file.path: stamp for file, stamp in zip(share.files, share.stamps, strict=True) if stamp is not None
    }
    gathered = GatheringStore(store, stamps)
    extraction = extract(
        Listing(job.root, share.files, ()),
        gathered,
        WeightsLibrary(_weights_in_use(job)),
        _StopWithRun(job),
        offline=True,
        precision=None if job.network is None else Precision(job.network.precision),
        processing=job.processing,
        description=None if job.network is None else job.network.description,
        measure_version=job.measure_version,
        networks=_kept_network,
        cores=_CORES,
    )
    _check_wanted(job)
    gathered.write()
    return extraction


class _StopWithRun:
    """A reporter that stops when the mark of the run is gone from the store."""

    def __init__(self, job: WorkerJob) -> None:
        self._job = job
        self._looked = time.monotonic()

    def stage(self, title: str, total: int | None) -> None:
        """Ignore the stage."""

    def advance(self, steps: int = 1) -> None:
        """Ignore the steps."""

    def warn(self, message: str, remedy: Remedy | None = None) -> None:
        """Ignore the warning: the machine that distributes the work gives it."""

    def check(self) -> None:
        """Raise `Cancelled` if the run was stopped."""
        if time.monotonic() - self._looked >= _SECONDS_BETWEEN_LOOKS:
            self._looked = time.monotonic()
            _check_wanted(self._job)


def _check_wanted(job: WorkerJob) -> None:
    if not mark_path(job.store, job.run).exists():
        raise Cancelled


def _lacking_folder(job: WorkerJob, samples: tuple[FoundFile, ...]) -> list[str]:
    try:
        os.scandir(job.root).close()
    except OSError:
        return [f"cannot see the folder {job.root}"]
    if samples and not any(_has(job.root, sample) for sample in samples):
        return [f"sees another folder at {job.root}, without the same images"]
    return []


def _has(root: Path, sample: FoundFile) -> bool:
    here = found_file(root, sample.file)
    return isinstance(here, FoundFile) and (here.size, here.mtime_ns) == (sample.size, sample.mtime_ns)


def _lacking_store(job: WorkerJob) -> list[str]:
    if not mark_path(job.store, job.run).exists():
        return [f"cannot see the feature store {job.store}"]
    try:
        with tempfile.TemporaryFile(dir=job.store):
            return []
    except OSError as error:
        return [f"cannot write to the feature store {job.store} ({error.strerror})"]


def _weights(job: WorkerJob, network: NetworkInUse) -> Path | None:
    """Return the folder with the weights of the run: this user's, or if shared, that of who began the run."""
    folders = [job.weights]
    with suppress(WorkbenchError):
        folders.insert(0, UserDirs.of_user().weights)
    for folder in folders:
        info = WeightsLibrary(folder).info()
        if info is not None and (info.sha256, info.variant) == (network.sha256, network.variant):
            return folder
    return None


def _weights_in_use(job: WorkerJob) -> Path:
    """Return the folder of the weights of a run; one without weights for texture only.

    Raises
    ------
    WorkbenchError
        If this worker does not have them any more.
    """
    if job.network is None:
        return Path(os.devnull)
    folder = _weights(job, job.network)
    if folder is None:
        raise WorkbenchError(f"it {_lacking_weights(job.network)}", Remedy.WEIGHTS_ON_WORKERS)
    return folder


def _lacking_weights(network: NetworkInUse) -> str:
    return f"has no weights {network.weights} (SHA-256 {network.sha256[:12]}…)"


@lru_cache(maxsize=1)
def _network_of(folder: Path, sha256: str, precision: str, device: str, description: str) -> NetworkVectors:
    return NetworkVectors(None, WeightsLibrary(folder), precision, device, description)


def _kept_network(
    checkpoint: Checkpoint | None, library: WeightsLibrary, precision: str, device: str, description: str
) -> NetworkVectors:
    """Return the network that this process keeps from task to task."""
    info = library.info()
    return _network_of(library.folder, "" if info is None else info.sha256, precision, device, description)
