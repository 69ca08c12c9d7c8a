"""A folder's images to features: read, decode and texture in threads, the network beside them.

Whatever the store already has is not computed again; what is new goes into the store as it comes.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from defect_workbench.core.arrays import Pixels, Vectors
from defect_workbench.core.clustering.feature_blocks import (
    DEEP,
    HARALICK,
    OUTLINE,
    ZERNIKE,
    BackboneInfo,
    Features,
)
from defect_workbench.core.errors import Remedy, WorkbenchError
from defect_workbench.core.images.image_records import FileStamp, ImageRecord, ImageSet, Rejection
from defect_workbench.core.images.instrument import ToolFacts
from defect_workbench.core.images.measurements import NUMBERS, Measurements
from defect_workbench.core.images.preprocessing_steps import DEFAULT, Processing
from defect_workbench.core.progress import Reporter
from defect_workbench.engine.backbone.pretrained import Checkpoint, WeightsInfo, WeightsLibrary
from defect_workbench.engine.backbone.torch_import import load_torch
from defect_workbench.engine.extraction.stored_vectors import (
    FACTS,
    HINTS,
    Blocks,
    Buffer,
    Facts,
    Row,
    VectorStore,
    open_blocks,
    row_key,
)
from defect_workbench.engine.features import haralick, zernike
from defect_workbench.engine.features.identity import deep_identity
from defect_workbench.engine.features.outline import outline
from defect_workbench.engine.input.decode import NotNow, Undecodable, decode, extension_note
from defect_workbench.engine.input.file_reading import read_found
from defect_workbench.engine.input.scan import FoundFile, Listing
from defect_workbench.engine.input.sidecar_files import SideFiles
from defect_workbench.engine.measurement import defects
from defect_workbench.engine.measurement.recommend import Hints, suggest
from defect_workbench.engine.preprocessing import info_bar, resize
from defect_workbench.engine.preprocessing.pipeline import process

if TYPE_CHECKING:
    from defect_workbench.engine.backbone.resnet50 import Backbone, Precision

log = logging.getLogger(__name__)

BATCH = 32  # as `network.BATCH`, which cannot be imported without torch
MAX_FILE_BYTES = 1024**3
_NOT_FINITE = "its deep features are not finite numbers: the weights are unsound, or the precision is too low"


@dataclass(frozen=True)
class Extraction:
    """A folder's accepted images with their features.

    Attributes
    ----------
    computed : int
        Images whose features were not in the store.
    seconds : float
        From the first read to the last stored vector, loading the network left out.
    suggested : Processing
        What the pictures ask for; equal to what was done where they ask for nothing else.
    why : str
        The reason in words.
    """

    images: ImageSet
    features: Features
    computed: int
    seconds: float
    suggested: Processing = DEFAULT
    why: str = ""


@dataclass(frozen=True)
class _Prepared:
    """What a reading thread hands on: a rejected content has a reason and nothing else."""

    path: str
    sha256: str
    key: str
    facts: Facts
    grey: Pixels | None = None
    rgb: Pixels | None = None
    texture: Vectors | None = None
    measured: tuple[float, ...] = ()
    outline: Vectors | None = None


@dataclass(frozen=True)
class _Task:
    """What the reading threads need to know."""

    root: Path
    processing: Processing
    blocks: Blocks
    sides: SideFiles

    def key(self, path: str, sha256: str) -> str:
        """Under what the vectors of a file of this content are kept."""
        if self.processing.rescale_nm is None:
            return sha256
        return row_key(sha256, self.sides.pixel_size(path), self.processing)

    def complete(self, path: str, sha256: str) -> bool:
        """Whether nothing is left to compute for a file of this content."""
        return self.blocks.complete(sha256, self.key(path, sha256))


class _DeepSource:
    """The network, loaded only when the first picture needs it, and the time that took."""

    def __init__(self, checkpoint: Checkpoint | None, library: WeightsLibrary, precision: Precision) -> None:
        self._checkpoint = checkpoint
        self._library = library
        self._precision = precision
        self._backbone: Backbone | None = None
        self.loading_seconds = 0.0

    def embed(self, images: Pixels) -> Vectors:
        """Deep vectors of at most a batch of prepared pictures."""
        if self._backbone is None:
            started = time.perf_counter()
            load_torch()
            from defect_workbench.engine.backbone.resnet50 import Backbone

            checkpoint = self._checkpoint or self._library.load()
            if checkpoint is None:
                raise WorkbenchError("the cached ResNet-50 weights are damaged", Remedy.FETCH_WEIGHTS)
            self._backbone = Backbone(checkpoint, self._precision)
            self._checkpoint = None
            self.loading_seconds += time.perf_counter() - started
        return self._backbone.embed(images)


def _network_identity(info: WeightsInfo, precision: str, device: str, wanted: Processing) -> dict[str, Any]:
    return deep_identity(info.name, info.sha256, str(info.variant), precision, device, wanted)


def _choose_deep(
    store: VectorStore,
    info: WeightsInfo,
    precision: Precision | None,
    task: _Task,
    known: Sequence[tuple[str, str | None]],
) -> tuple[dict[str, Any], Blocks]:
    """The identity to use: one that already has every image, else this machine's fastest.

    Looking into the store first also spares a start without new images the loading of torch.
    """
    wanted = task.processing
    for identity in store.identities(DEEP):
        like = _network_identity(info, str(identity.get("precision")), str(identity.get("device")), wanted)
        if like != identity or precision not in (None, identity["precision"]):
            continue
        blocks = open_blocks(store, wanted, like)
        if all(
            sha256 is not None and blocks.complete(sha256, task.key(path, sha256)) for path, sha256 in known
        ):
            return like, blocks
    load_torch()
    from defect_workbench.engine.backbone.resnet50 import default_device, fastest_precision

    device = default_device()
    chosen = precision or fastest_precision(device)
    identity = _network_identity(info, str(chosen), device.type, wanted)
    return identity, open_blocks(store, wanted, identity)


def extract(
    listing: Listing,
    store: VectorStore,
    library: WeightsLibrary,
    reporter: Reporter,
    *,
    offline: bool = False,
    precision: Precision | None = None,
    processing: Processing | None = None,
) -> Extraction:
    """Features of every usable image of a listing.

    Parameters
    ----------
    store : VectorStore
        Asked first, and extended; what was computed before an interruption is in it.
    library : WeightsLibrary
        Missing weights are fetched unless `offline`; without any, there is no deep block.
    precision : Precision, optional
        Of the network; default: the fastest sound one.
    processing : Processing, optional
        What is done to the pictures first; default: info bars are left out, nothing else.

    Raises
    ------
    Cancelled
        If the reporter says so; what is finished by then is in the store.
    """
    checkpoint = None
    info = library.info()
    if info is None:
        checkpoint = library.obtain(reporter, offline=offline)
        info = library.info() if checkpoint is not None else None

    reporter.stage("Looking into the feature store", None)
    stamps = store.stamps(listing.root)
    known = [_known_content(file, stamps) for file in listing.files]
    identity: dict[str, Any] | None = None
    source: _DeepSource | None = None
    processing = processing or DEFAULT
    task = _Task(listing.root, processing, open_blocks(store, processing, None), SideFiles(listing.root))
    if info is not None:
        pairs = [(file.path, sha256) for file, sha256 in zip(listing.files, known, strict=True)]
        identity, blocks = _choose_deep(store, info, precision, task, pairs)
        task = replace(task, blocks=blocks)
        source = _DeepSource(checkpoint, library, identity["precision"])

    blocks = task.blocks
    reporter.stage("Extracting features", len(listing.files))
    started = time.perf_counter()
    buffer = Buffer()
    contents: dict[str, FileStamp] = {}
    rejected = list(listing.rejected)
    computed: set[str] = set()
    batch: list[_Prepared] = []

    def finish_batch() -> None:
        lost = _embed(batch, source, blocks, buffer)
        for item in lost:
            rejected.append(Rejection(item.path, _NOT_FINITE))
            del contents[item.path]
        gone = {item.sha256 for item in lost}
        computed.difference_update(gone)
        buffer.facts = [fact for fact in buffer.facts if fact[0] not in gone]
        reporter.advance(len(batch))
        batch.clear()

    try:
        for file, outcome in _read_all(listing, known, task):
            reporter.check()
            if isinstance(outcome, Rejection):
                rejected.append(outcome)
                reporter.advance()
                continue
            sha256 = outcome if isinstance(outcome, str) else outcome.sha256
            contents[file.path] = FileStamp(file.size, file.mtime_ns, sha256, file.changed_ns, file.inode)
            if isinstance(outcome, str):
                reporter.advance()
                continue
            buffer.facts.append((sha256, outcome.facts))
            if outcome.grey is None:
                reporter.advance()
            else:
                computed.add(sha256)
                batch.append(outcome)
            if len(batch) == BATCH:
                finish_batch()
            if buffer.due and not batch:
                buffer.flush(blocks)
        if batch:
            finish_batch()
    finally:
        unfinished = {item.sha256 for item in batch}
        buffer.facts = [item for item in buffer.facts if item[0] not in unfinished]
        buffer.flush(blocks)
        store.remember_files(
            listing.root,
            {path: stamp for path, stamp in contents.items() if stamps.get(path) != stamp},
        )
    seconds = time.perf_counter() - started - (source.loading_seconds if source else 0.0)

    images, hints = _collect(task, contents, rejected)
    sha256s = [image.sha256 for image in images.images]
    keys = [task.key(image.path, image.sha256) for image in images.images]
    found = {
        HARALICK: blocks.haralick.vectors(keys),
        ZERNIKE: blocks.zernike.vectors(keys),
        OUTLINE: blocks.outline.vectors(sha256s),
    }
    if blocks.deep is not None:
        found[DEEP] = blocks.deep.vectors(keys)
    backbone = None
    if identity is not None and info is not None:
        backbone = BackboneInfo("resnet50", info.name, info.sha256, identity["precision"], identity["device"])
    log.info("%s: %d images, %d new in %.1f s", listing.root, len(images), len(computed), seconds)
    suggested, why = suggest(hints, processing)
    return Extraction(images, Features(found, backbone), len(computed), seconds, suggested, why)


def _known_content(file: FoundFile, stamps: Mapping[str, FileStamp]) -> str | None:
    stamp = stamps.get(file.path)
    if stamp is None:
        return None
    now = FileStamp(file.size, file.mtime_ns, stamp.sha256, file.changed_ns, file.inode)
    return stamp.sha256 if stamp == now else None


def _read_all(
    listing: Listing, known: Sequence[str | None], task: _Task
) -> Iterator[tuple[FoundFile, str | Rejection | _Prepared]]:
    """Each file with its content hash, or why it cannot be read, or what there is to compute from."""
    workers = max(2, os.cpu_count() or 2)
    waiting: deque[tuple[FoundFile, Future[str | Rejection | _Prepared] | str]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="decode") as pool:
        try:
            for file, sha256 in zip(listing.files, known, strict=True):
                if sha256 is not None and task.complete(file.path, sha256):
                    waiting.append((file, sha256))
                else:
                    waiting.append((file, pool.submit(_read, file, task)))
                if len(waiting) >= 4 * BATCH:
                    yield _result(waiting.popleft())
            while waiting:
                yield _result(waiting.popleft())
        finally:
            for _, item in waiting:
                if isinstance(item, Future):
                    item.cancel()


def _result(
    item: tuple[FoundFile, Future[str | Rejection | _Prepared] | str],
) -> tuple[FoundFile, str | Rejection | _Prepared]:
    file, outcome = item
    return file, outcome.result() if isinstance(outcome, Future) else outcome


def _read(file: FoundFile, task: _Task) -> str | Rejection | _Prepared:
    if file.size > MAX_FILE_BYTES:
        return Rejection(file.path, f"too large: {file.size / 1024**3:.1f} GB; the limit is 1 GB")
    data = read_found(task.root, file)
    if isinstance(data, Rejection):
        return data
    sha256 = hashlib.sha256(data).hexdigest()
    key = task.key(file.path, sha256)
    if task.blocks.complete(sha256, key):
        return sha256
    try:
        return _prepared(file.path, data, sha256, key, task)
    except NotNow as error:
        return Rejection(file.path, str(error))
    except Undecodable as error:
        return _Prepared(file.path, sha256, key, (0, 0, "", "", str(error), "", 0))
    except Exception as error:  # a fault of ours with this one picture must not cost the others
        log.exception("%s cannot be measured", file.path)
        return Rejection(file.path, f"its features cannot be computed ({_short(error)}); the log has details")


def _short(error: Exception) -> str:
    return "not enough memory" if isinstance(error, MemoryError) else f"{type(error).__name__}: {error}"[:200]


def _prepared(path: str, data: bytes, sha256: str, key: str, task: _Task) -> _Prepared:
    picture = decode(data, path)
    bar = info_bar.found_rows(picture.pixels, picture.tool)
    rows = info_bar.rows_to_leave_out(picture.height, bar, task.processing)
    seen = picture.pixels[: picture.height - rows]
    finding = defects.find(seen)
    size = picture.tool.pixel_size_nm
    if task.processing.rescale_nm is not None:
        size = task.sides.pixel_size(path) or size
    grey, rgb = resize.prepare(process(seen, task.processing, pixel_size_nm=size))
    tool = json.dumps(picture.tool.as_json(), sort_keys=True) if picture.tool else ""
    facts = (picture.width, picture.height, picture.format, picture.note, "", tool, bar)
    measured = (*finding.measurements.numbers(), finding.pitch, finding.shading, finding.rest)
    texture, contour = haralick.haralick(grey), outline(finding.largest)
    if not all(np.isfinite(values).all() for values in (texture, contour, measured)):
        raise ValueError("a feature is not a finite number")
    return _Prepared(path, sha256, key, facts, grey, rgb, texture, measured, contour)


def _embed(
    batch: list[_Prepared], source: _DeepSource | None, blocks: Blocks, buffer: Buffer
) -> list[_Prepared]:
    """Finish a batch; those without finite deep vectors, which are not kept, are returned."""
    moments = zernike.zernike(np.stack([item.grey for item in batch if item.grey is not None]))
    missing = [i for i, item in enumerate(batch) if blocks.deep is not None and item.key not in blocks.deep]
    deep: dict[int, Vectors] = {}
    if source is not None and missing:
        pictures = np.stack([rgb for i in missing if (rgb := batch[i].rgb) is not None])
        deep = dict(zip(missing, source.embed(pictures), strict=True))
    lost = {i for i, vector in deep.items() if not np.isfinite(vector).all()}
    for index, item in enumerate(batch):
        if item.texture is not None and item.outline is not None and index not in lost:
            buffer.rows.append(
                Row(
                    item.sha256,
                    item.key,
                    item.texture,
                    moments[index],
                    item.measured,
                    item.outline,
                    deep.get(index),
                )
            )
    return [batch[i] for i in sorted(lost)]


def _collect(
    task: _Task, contents: Mapping[str, FileStamp], rejected: list[Rejection]
) -> tuple[ImageSet, list[Hints]]:
    """The accepted images with all that is known of them, and what their pictures ask for."""
    images, hints = [], []
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
        width, height, found, note, _, tool_text, bar = row
        tool = ToolFacts.from_json(json.loads(tool_text)) if tool_text else ToolFacts()
        side = task.sides.facts(path)
        tool = tool if side is None else side.filled_from(tool)
        left_out = info_bar.rows_to_leave_out(height, bar, task.processing)
        values = dict(zip(names, numbers, strict=True))
        hints.append(Hints(values["noise"], *(values[name] for name in HINTS)))
        defects = Measurements.of_numbers(numbers[: len(NUMBERS)]).in_units(tool.pixel_size_nm)
        notes = "; ".join(filter(None, (extension_note(path, found), note)))
        images.append(ImageRecord(path, stamp.sha256, width, height, notes, tool or None, left_out, defects))
    images.sort(key=lambda image: image.path)
    rejected.sort(key=lambda rejection: rejection.path)
    return ImageSet(task.root, tuple(images), tuple(rejected)), hints
