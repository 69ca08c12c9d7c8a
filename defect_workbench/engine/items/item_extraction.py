"""Find the defects of a folder's images, and compute the features of each defect.

Images are read once, one after the other; crops wait in memory only until their batch is complete.
"""

from __future__ import annotations

import hashlib
import logging
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from defect_workbench.core.arrays import Integers, Vectors
from defect_workbench.core.clustering.feature_blocks import Features
from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.images.defect_items import SearchedImage, item_path
from defect_workbench.core.images.image_records import FileStamp, ImageRecord, ImageSet, Rejection
from defect_workbench.core.images.measurements import FIRST_MEASURE_VERSION, NUMBERS, Measurements
from defect_workbench.core.images.preprocessing_steps import DEFAULT, Preprocessing
from defect_workbench.core.ordered_threads import in_order
from defect_workbench.core.progress import Reporter
from defect_workbench.engine.backbone.network import BATCH, Precision
from defect_workbench.engine.backbone.pretrained import WeightsLibrary
from defect_workbench.engine.backbone.registry import find_description
from defect_workbench.engine.clustering.large.normalised_parts import ReadVectors
from defect_workbench.engine.extraction.batch_vectors import batch_vectors, finite_vectors
from defect_workbench.engine.extraction.extractor import Extraction
from defect_workbench.engine.extraction.network_vectors import (
    NetworkVectors,
    for_this_machine,
    obtain_weights,
    stored_networks,
)
from defect_workbench.engine.extraction.stored_vectors import (
    FLUSH_SECONDS,
    Buffer,
    VectorStore,
    remember_changed,
    stored_metadata,
)
from defect_workbench.engine.features.identity import NetworkInUse, feature_identity
from defect_workbench.engine.input.decode import reading_note
from defect_workbench.engine.input.scan import Listing
from defect_workbench.engine.input.sidecar_files import SidecarFiles
from defect_workbench.engine.items.item_crops import IDENTITY, item_key
from defect_workbench.engine.items.item_store import VIEW, ItemBlocks, open_item_blocks, with_parent
from defect_workbench.engine.items.large_sets import random_part
from defect_workbench.engine.items.parent_reader import ParentReader, ReadItem, ReadParent

log = logging.getLogger(__name__)

# Each thread holds an image and a dozen arrays of its size; results are crops.
_AHEAD = 8


@dataclass(frozen=True)
class ItemExtraction:
    """The defects of a folder's images, with their features.

    Attributes
    ----------
    extraction : Extraction
        Its images are the defects.
    part : (m,) intp
        The defects that the features are of: all, or as many as can be clustered, drawn at random.
    read : callable
        Returns the vectors of other defects.
    with_reference : int
        Images that were compared with a golden reference.
    without_reference : sequence of (str, str)
        Images without a usable reference although there are some, and why.
    """

    extraction: Extraction
    part: Integers
    read: ReadVectors
    with_reference: int
    without_reference: Sequence[tuple[str, str]]


@dataclass
class _Run:
    """The state of an extraction in progress."""

    blocks: ItemBlocks
    network: NetworkVectors | None
    parents: dict[str, ReadParent] = field(default_factory=dict)
    rejected: list[Rejection] = field(default_factory=list)
    computed: int = 0
    batch: list[ReadItem] = field(default_factory=list)
    buffer: Buffer = field(default_factory=Buffer)

    def record(self, path: str, outcome: ReadParent | Rejection) -> None:
        if isinstance(outcome, Rejection):
            self.rejected.append(outcome)
            return
        if outcome.facts is not None:
            self.blocks.facts[outcome.key] = outcome.facts
        for item in outcome.items:
            self.batch.append(item)
            if len(self.batch) == BATCH:
                self.finish_batch()
        # What was cut out must not wait for the end of the job.
        self.parents[path] = replace(outcome, facts=None, items=())
        if self.buffer.due or time.monotonic() - self.buffer.since > FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Store what is finished: vectors first, so that an image without missing defects is complete."""
        self.buffer.flush(self.blocks.features)
        self.blocks.write()

    def finish_batch(self) -> None:
        images = [item.with_inputs() for item in self.batch]
        by_block = batch_vectors(images, self.network) if images else {}
        for index, image in enumerate(images):
            vectors = finite_vectors(by_block, index)
            if vectors is None:
                raise WorkbenchError(
                    f"the deep features of {image.path} are not finite numbers: the weights are invalid, or "
                    "the precision is too low"
                )
            self.buffer.add(
                image.sha256, image.key, image.facts, image.measured, {**vectors, **image.vectors}
            )
        self.computed += len(images)
        self.batch.clear()


def extract_items(
    listing: Listing,
    references: Listing | None,
    store: VectorStore,
    library: WeightsLibrary,
    reporter: Reporter,
    *,
    offline: bool = False,
    precision: Precision | None = None,
    processing: Preprocessing | None = None,
    description: str | None = None,
    most: int = sys.maxsize,
) -> ItemExtraction:
    """Find the defects of every usable image of a listing, and compute their features.

    Parameters
    ----------
    listing, references : Listing
        The images, and the golden references if there are some.
    store : VectorStore
        Searched first and added to, so that an interrupted extraction resumes.
    library, reporter, offline, precision, description
        As for `extract`.
    processing : Preprocessing, optional
        Without a background and another scale; applied to each crop.
    most : int
        The most defects whose features are returned at once.

    Returns
    -------
    ItemExtraction

    Raises
    ------
    Cancelled
        If the user cancelled. Finished defects are in the store.
    WorkbenchError
        If the cached weights are damaged, the network has no such description, or the store cannot be
        written.
    """
    processing = processing or DEFAULT
    info, checkpoint = obtain_weights(library, reporter, offline)
    reporter.stage("Searching the feature store", None)
    stamps = store.stamps(listing.root)
    reference_stamps = {} if references is None else store.stamps(references.root)
    known = _unchanged(listing, stamps)
    known_references = {} if references is None else _unchanged(references, reference_stamps)

    def reader_of(blocks: ItemBlocks) -> ParentReader:
        return ParentReader(listing, references, processing, blocks, known, known_references)

    used: NetworkInUse | None = None
    network: NetworkVectors | None = None
    blocks = open_item_blocks(store, processing, None)
    if info is not None:
        name = find_description(info.network, description).name
        for each in stored_networks(store, info, name, processing, VIEW):
            if precision not in (None, each.precision):
                continue
            candidate = open_item_blocks(store, processing, each)
            reader = reader_of(candidate)
            keys = [key for file in listing.files if (key := reader.known_key(file.path)) is not None]
            if len(keys) == len(listing.files) and candidate.all_complete(keys):
                used, blocks = each, candidate
                break
        if used is None:
            used = for_this_machine(info, precision, name)
            blocks = open_item_blocks(store, processing, used)
        network = NetworkVectors(checkpoint, library, used.precision, used.device, used.description)

    reporter.stage("Searching for defects", len(listing.files))
    started = time.perf_counter()
    run = _Run(blocks, network, rejected=list(listing.rejected))
    reader = reader_of(blocks)
    blocks.prefetch([key for file in listing.files if (key := reader.known_key(file.path)) is not None])
    try:
        for file, outcome in zip(listing.files, in_order(reader.read, listing.files, _AHEAD), strict=True):
            reporter.check()
            run.record(file.path, outcome)
            reporter.advance()
        run.finish_batch()
    finally:
        run.flush()
        found = {each.path: each.stamp for each in run.parents.values()}
        remember_changed(store, listing.root, found, stamps)
        if references is not None:
            found = dict(each.reference for each in run.parents.values() if each.reference is not None)
            remember_changed(store, references.root, found, reference_stamps)
    seconds = time.perf_counter() - started - (network.loading_seconds if network else 0.0)
    images, keys = _collected(listing, run)
    part = random_part([image.sha256 for image in images.images], most)

    def read(rows: Sequence[int]) -> dict[str, Vectors]:
        some = [keys[row] for row in rows]
        return blocks.features.collect(some, some)

    vectors = read(part.tolist()) if keys else {}
    backbone = None if used is None or info is None else used.backbone(info.network)
    # The pixels of a defect do not show what it was compared with; its key does.
    digest = hashlib.sha256("".join(keys).encode()).hexdigest()[:16]
    identity = {
        **feature_identity(vectors, backbone, processing, FIRST_MEASURE_VERSION),
        "items": f"{IDENTITY} {digest}",
    }
    log.info("%s: %d defects, %d new in %.1f s", listing.root, len(keys), run.computed, seconds)
    extraction = Extraction(images, Features(vectors, backbone, identity), run.computed, seconds, processing)
    searched = {each.path for each in images.searched}
    parents = [each for path, each in run.parents.items() if path in searched]
    return ItemExtraction(
        extraction,
        part,
        read,
        sum(each.reference is not None for each in parents),
        [(each.path, each.missing_reference) for each in parents if each.missing_reference],
    )


def _unchanged(listing: Listing, stamps: Mapping[str, FileStamp]) -> dict[str, str]:
    """Return the content hash of each file that has not changed since it was last read."""
    known = ((file.path, file.known_content(stamps)) for file in listing.files)
    return {path: sha256 for path, sha256 in known if sha256 is not None}


def _collected(listing: Listing, run: _Run) -> tuple[ImageSet, list[str]]:
    """Return the defects in the order of their images, each from top to bottom, and their keys."""
    rejected, searched = run.rejected, []
    images: list[ImageRecord] = []
    keys: list[str] = []
    pages = {file.path: file.page for file in listing.files}
    parents = sorted(run.parents.values(), key=lambda each: each.path)
    sides = SidecarFiles(listing.root)
    for parent, facts in zip(parents, run.blocks.read([each.key for each in parents]), strict=True):
        if facts.reason:
            rejected.append(Rejection(parent.path, facts.reason))
            continue
        sha256, path = parent.stamp.sha256, parent.path
        searched.append(SearchedImage(path, sha256, facts.width, facts.height, len(facts.items), pages[path]))
        tool = stored_metadata(facts.tool, sides, path)
        note = reading_note(path, facts.format, facts.note)
        for each in facts.items:
            origin = with_parent(each, path)
            x1, y1, x2, y2 = origin.window
            images.append(
                ImageRecord(
                    item_path(path, origin.number),
                    each.sha256,
                    x2 - x1,
                    y2 - y1,
                    note,
                    tool or None,
                    0,
                    None,
                    origin,
                    pages[path],
                )
            )
            keys.append(item_key(parent.key, origin.number))
    rejected.sort(key=lambda rejection: rejection.path)
    for index, numbers in enumerate(run.blocks.features.measured.fields(keys, NUMBERS)):
        tool_of = images[index].tool
        measured = Measurements.of_numbers(numbers)
        size = None if tool_of is None else tool_of.pixel_size_nm
        images[index] = replace(images[index], measured=measured.in_units(size))
    return ImageSet(listing.root, tuple(images), tuple(rejected), searched=tuple(searched)), keys
