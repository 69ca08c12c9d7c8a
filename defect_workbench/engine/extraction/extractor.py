"""Compute the features of a folder's images. Files are read and measured in threads while the network runs.

Features that the store has are not computed again; new ones are stored continually.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from defect_workbench.core.arrays import StorableVectors
from defect_workbench.core.clustering.feature_blocks import Features
from defect_workbench.core.clustering.group_by import GroupBy
from defect_workbench.core.images.image_records import FileStamp, ImageRecord, ImageSet, Rejection
from defect_workbench.core.images.measurements import NUMBERS, Measurements
from defect_workbench.core.images.preprocessing_steps import DEFAULT, Preprocessing
from defect_workbench.core.progress import Reporter
from defect_workbench.core.text import counted
from defect_workbench.engine.backbone.checkpoint import Checkpoint
from defect_workbench.engine.backbone.network import BATCH, Precision
from defect_workbench.engine.backbone.passes import in_passes
from defect_workbench.engine.backbone.pretrained import WeightsLibrary
from defect_workbench.engine.backbone.registry import description_label
from defect_workbench.engine.extraction.batch_vectors import batch_vectors, finite_vectors
from defect_workbench.engine.extraction.image_reader import Outcome, ReadImage, Task, read_all
from defect_workbench.engine.extraction.measure_version import choose_measure_version
from defect_workbench.engine.extraction.network_vectors import (
    Contents,
    EarlierVectors,
    NetworkVectors,
    choose_network,
    earlier_vectors,
    obtain_weights,
)
from defect_workbench.engine.extraction.stored_vectors import (
    FACTS,
    HINTS,
    Buffer,
    VectorStore,
    open_blocks,
    remember_changed,
    stored_metadata,
)
from defect_workbench.engine.features.identity import NetworkInUse, feature_identity
from defect_workbench.engine.input.decode import reading_note
from defect_workbench.engine.input.scan import FoundFile, Listing
from defect_workbench.engine.input.sidecar_files import SidecarFiles
from defect_workbench.engine.measurement.recommend import Hints, suggest
from defect_workbench.engine.preprocessing import info_bar

log = logging.getLogger(__name__)

ComputedBatch = tuple[list[ReadImage], dict[str, dict[int, StorableVectors]]]

_NOT_FINITE = "its deep features are not finite numbers: the weights are invalid, or the precision is too low"


@dataclass(frozen=True)
class Extraction:
    """A folder's accepted images with their features.

    Attributes
    ----------
    computed : int
        Images whose features were not in the store.
    seconds : float
        From the first read to the last stored vector, without the time to load the network.
    processing : Preprocessing
    suggestions : mapping of GroupBy to (Preprocessing, str)
        The recommended preprocessing and the reason, by what the images are grouped by.
    """

    images: ImageSet
    features: Features
    computed: int
    seconds: float
    processing: Preprocessing = DEFAULT
    suggestions: Mapping[GroupBy, tuple[Preprocessing, str]] = field(default_factory=dict)

    def suggestion(self, grouped_by: GroupBy) -> tuple[Preprocessing, str]:
        """Return the recommended preprocessing, the one in use if there is no better, and the reason."""
        return self.suggestions.get(grouped_by, (self.processing, ""))


@dataclass
class _Run:
    """The state of an extraction in progress."""

    task: Task
    network: NetworkVectors | None
    reporter: Reporter
    rejected: list[Rejection]
    earlier: EarlierVectors
    described_again: int = 0
    contents: dict[str, FileStamp] = field(default_factory=dict)
    computed: set[str] = field(default_factory=set)
    buffer: Buffer = field(default_factory=Buffer)

    def batches(self, outcomes: Iterable[tuple[FoundFile, Outcome]]) -> Iterator[list[ReadImage]]:
        """Record the results of reading files, and return the images to compute, batch by batch."""
        batch: list[ReadImage] = []
        for file, outcome in outcomes:
            self.reporter.check()
            image = self._recorded(file, outcome)
            if image is not None:
                batch.append(image)
            if len(batch) == BATCH:
                yield batch
                batch = []
            self._flush_if_due()
        if batch:
            yield batch

    def _recorded(self, file: FoundFile, outcome: Outcome) -> ReadImage | None:
        """Record the result of reading a file; return it if features are to be computed."""
        if isinstance(outcome, Rejection):
            self.rejected.append(outcome)
            self.reporter.advance()
            return None
        sha256 = outcome if isinstance(outcome, str) else outcome.sha256
        self.contents[file.path] = file.stamp(sha256)
        if isinstance(outcome, str):
            self.reporter.advance()
            return None
        if outcome.rejected:
            self.buffer.facts.append((sha256, outcome.facts))
            self.reporter.advance()
            return None
        self.described_again += self.earlier.only_otherwise(outcome.key)
        return outcome

    def computed_batch(self, batch: list[ReadImage]) -> ComputedBatch:
        """Return a batch with the vectors that are cheaper for several images at once."""
        return batch, batch_vectors(batch, self.network)

    def keep(self, computed: ComputedBatch) -> None:
        """Buffer a batch for the store; reject images whose vectors are not finite."""
        batch, by_block = computed
        for index, item in enumerate(batch):
            vectors = finite_vectors(by_block, index)
            if vectors is None:
                self.rejected.append(Rejection(item.path, _NOT_FINITE))
                del self.contents[item.path]
                continue
            self.computed.add(item.sha256)
            self.buffer.add(item.sha256, item.key, item.facts, item.measured, {**vectors, **item.vectors})
        self.reporter.advance(len(batch))
        self._flush_if_due()

    def _flush_if_due(self) -> None:
        if self.buffer.due:
            self.buffer.flush(self.task.blocks)


def extract(
    listing: Listing,
    store: VectorStore,
    library: WeightsLibrary,
    reporter: Reporter,
    *,
    offline: bool = False,
    precision: Precision | None = None,
    processing: Preprocessing | None = None,
    description: str | None = None,
    measure_version: str | None = None,
    networks: Callable[[Checkpoint | None, WeightsLibrary, str, str, str], NetworkVectors] = NetworkVectors,
    cores: int | None = None,
) -> Extraction:
    """Compute the features of every usable image of a listing.

    Parameters
    ----------
    listing : Listing
        The files of a folder, as `scan` returns them.
    store : VectorStore
        Searched first and added to, so that an interrupted extraction resumes.
    library : WeightsLibrary
        Missing weights are fetched unless `offline`. Without weights, the network's blocks are left out.
    reporter : Reporter
        Receives stages and progress, and stops the extraction when the user cancels.
    precision : Precision, optional
        Of the network; default: one in which the store has every image, else the fastest that the machine
        supports.
    processing : Preprocessing, optional
        Preprocessing of the images; default: only info bars are removed.
    description : str, optional
        Name of the network's description that the block `deep` holds; default: the network's first.
    measure_version : str, optional
        How defects are measured, one of `defects.VERSIONS`; default: that of most images in the store, or the
        newest.
    networks : callable
        Makes the network; a job with many extractions may keep one.
    cores : int, optional
        Cores that this process may use, as one of several on its machine; default: all.

    Returns
    -------
    Extraction

    Raises
    ------
    Cancelled
        If the user cancelled. Finished images are in the store.
    WorkbenchError
        If the cached weights are damaged, the network has no such description, or the store cannot be
        written.
    """
    info, checkpoint = obtain_weights(library, reporter, offline)
    reporter.stage("Searching the feature store", None)
    stamps = store.stamps(listing.root)
    known = [file.known_content(stamps) for file in listing.files]
    in_use: NetworkInUse | None = None
    network: NetworkVectors | None = None
    earlier, lacking = EarlierVectors((), ()), 0
    processing = processing or DEFAULT
    task = Task(listing.root, processing, open_blocks(store, processing, None), SidecarFiles(listing.root))
    contents = Contents(listing.files, known, task, reporter.check)
    version = choose_measure_version(store, task, contents, measure_version)
    blocks = open_blocks(store, processing, None, measure_version=version)
    task = replace(task, blocks=blocks, measure_version=version)
    if info is not None:
        in_use, blocks = choose_network(store, info, precision, task, contents, description)
        earlier = earlier_vectors(store, info, in_use, processing)
        lacking = sum(
            sha256 is not None and earlier.only_otherwise(task.key(file.path, sha256))
            for file, sha256 in zip(listing.files, known, strict=True)
        )
        if lacking:
            reporter.warn(_lacking(info.network, in_use, lacking) + "they are computed now")
        task = replace(task, blocks=blocks)
        network = networks(checkpoint, library, in_use.precision, in_use.device, in_use.description)
    loading = 0.0 if network is None else network.loading_seconds

    reporter.stage("Extracting features", len(listing.files))
    started = time.perf_counter()
    run = _Run(task, network, reporter, list(listing.rejected), earlier)
    try:
        batches = run.batches(read_all(listing, known, task, ahead=4 * BATCH, cores=cores))
        for computed in in_passes(run.computed_batch, batches, network, cores):
            run.keep(computed)
            reporter.check()
    finally:
        run.buffer.flush(task.blocks)
        remember_changed(store, listing.root, run.contents, stamps)
    if in_use is not None and info is not None and run.described_again and not lacking:
        # The files had to be read before their content was known.
        reporter.warn(_lacking(info.network, in_use, run.described_again) + "they were computed")
    seconds = time.perf_counter() - started - ((network.loading_seconds if network else 0.0) - loading)

    images, hints = _collect(task, listing, run.contents, run.rejected)
    vectors = task.blocks.collect(
        [image.sha256 for image in images.images],
        [task.key(image.path, image.sha256) for image in images.images],
    )
    backbone = None if in_use is None or info is None else in_use.backbone(info.network)
    log.info("%s: %d images, %d new in %.1f s", listing.root, len(images), len(run.computed), seconds)
    features = Features(vectors, backbone, feature_identity(vectors, backbone, processing, version))
    suggestions = {each: suggest(hints, processing, each) for each in GroupBy}
    return Extraction(images, features, len(run.computed), seconds, processing, suggestions)


def _lacking(network: str, in_use: NetworkInUse, count: int) -> str:
    label = description_label(network, in_use.description)
    return (
        f"the feature store has no vectors of the description in use ({label}) for "
        f"{counted(count, 'image')}; "
    )


def _collect(
    task: Task, listing: Listing, contents: Mapping[str, FileStamp], rejected: list[Rejection]
) -> tuple[ImageSet, list[Hints]]:
    """Return the image set with metadata and measurements, and hints for the recommended preprocessing."""
    images, hints = [], []
    pages = {file.path: file.page for file in listing.files}
    facts = task.blocks.facts.fields([stamp.sha256 for stamp in contents.values()], FACTS)
    accepted: list[tuple[str, FileStamp, tuple[Any, ...]]] = []
    for (path, stamp), row in zip(contents.items(), facts, strict=True):
        if row[4]:
            rejected.append(Rejection(path, row[4]))
        else:
            accepted.append((path, stamp, row))
    names = (*NUMBERS, *HINTS)
    measured = task.blocks.measured.fields([stamp.sha256 for _, stamp, _ in accepted], names)
    for (path, stamp, row), numbers in zip(accepted, measured, strict=True):
        width, height, format_name, note, _, tool_text, bar = row
        tool = stored_metadata(tool_text, task.sides, path)
        left_out = info_bar.rows_to_leave_out(height, bar, task.processing)
        values = dict(zip(names, numbers, strict=True))
        hints.append(Hints(values["noise"], *(values[name] for name in HINTS)))
        defects = Measurements.of_numbers(numbers[: len(NUMBERS)]).in_units(tool.pixel_size_nm)
        note = reading_note(path, format_name, note)
        record = ImageRecord(path, stamp.sha256, width, height, note, tool or None, left_out, defects)
        images.append(replace(record, page=pages[path]) if pages[path] else record)
    images.sort(key=lambda image: image.path)
    rejected.sort(key=lambda rejection: rejection.path)
    return ImageSet(task.root, tuple(images), tuple(rejected)), hints
