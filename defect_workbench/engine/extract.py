"""A folder's images to features: read, decode and texture in threads, the network beside them.

Whatever the store already has is not computed again; what is new goes into the store as it comes.
"""

from __future__ import annotations

import hashlib
import logging
import os
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.features import DEEP, HARALICK, ZERNIKE, BackboneInfo, Features, Vectors
from defect_workbench.core.progress import Reporter
from defect_workbench.core.records import FileStamp, ImageRecord, ImageSet, Rejection
from defect_workbench.engine import prepare
from defect_workbench.engine.decode import Undecodable, decode, extension_note
from defect_workbench.engine.features import haralick, zernike
from defect_workbench.engine.scan import FoundFile, Listing
from defect_workbench.engine.torch_loading import load_torch
from defect_workbench.engine.weights import Checkpoint, WeightsInfo, WeightsLibrary

if TYPE_CHECKING:
    from defect_workbench.engine.network import Backbone, Precision

log = logging.getLogger(__name__)

BATCH = 32  # as `network.BATCH`, which cannot be imported without torch
MAX_FILE_BYTES = 1024**3
_FLUSH_IMAGES = 256
_FLUSH_SECONDS = 5.0
_DECODER = {"decoder": "v1"}
_FACTS = ("width", "height", "format", "note", "reason")


class VectorBlock(Protocol):
    """Rows of one kind by content hash; the feature store's `Block` is one."""

    def __contains__(self, sha256: str) -> bool: ...
    def append_vectors(self, sha256s: Sequence[str], vectors: NDArray[np.float32]) -> None: ...
    def append_fields(self, sha256s: Sequence[str], fields: Mapping[str, Sequence[Any]]) -> None: ...
    def vectors(self, sha256s: Sequence[str]) -> NDArray[np.float32]: ...
    def fields(self, sha256s: Sequence[str], names: Sequence[str]) -> list[tuple[Any, ...]]: ...


class VectorStore(Protocol):
    """A place that keeps vectors; the feature store is one."""

    def block(self, kind: str, identity: Mapping[str, Any]) -> VectorBlock: ...
    def identities(self, kind: str) -> list[dict[str, Any]]: ...
    def stamps(self, root: Path) -> dict[str, FileStamp]: ...
    def remember_files(self, root: Path, stamps: Mapping[str, FileStamp]) -> None: ...


@dataclass(frozen=True)
class Extraction:
    """A folder's accepted images with their features.

    Attributes
    ----------
    computed : int
        Images whose features were not in the store.
    seconds : float
        From the first read to the last stored vector, loading the network left out.
    """

    images: ImageSet
    features: Features
    computed: int
    seconds: float


@dataclass(frozen=True)
class _Prepared:
    """What a reading thread hands on: a rejected content has a reason and nothing else."""

    sha256: str
    facts: tuple[int, int, str, str, str]
    grey: NDArray[np.uint8] | None = None
    rgb: NDArray[np.uint8] | None = None
    texture: Vectors | None = None


@dataclass
class _Blocks:
    """The blocks of the store that this extraction reads and fills."""

    facts: VectorBlock
    haralick: VectorBlock
    zernike: VectorBlock
    deep: VectorBlock | None

    def complete(self, sha256: str) -> bool:
        """Whether nothing is left to compute for a content."""
        if sha256 not in self.facts:
            return False
        vectors = [self.haralick, self.zernike] + ([self.deep] if self.deep is not None else [])
        return all(sha256 in block for block in vectors) or bool(self.reason(sha256))

    def reason(self, sha256: str) -> str:
        """Why a known content was rejected; empty if it was not."""
        if sha256 in self.haralick:
            return ""
        return str(self.facts.fields([sha256], ["reason"])[0][0])


@dataclass(frozen=True)
class _Row:
    """The vectors of one content; no deep one where there are no weights, or it is known already."""

    sha256: str
    texture: Vectors
    shape: Vectors
    deep: Vectors | None


@dataclass
class _Buffer:
    """Finished rows that are not in the store yet."""

    facts: list[tuple[str, tuple[int, int, str, str, str]]] = field(default_factory=list)
    rows: list[_Row] = field(default_factory=list)
    since: float = field(default_factory=time.monotonic)

    @property
    def due(self) -> bool:
        """Whether it is time to flush."""
        waited = time.monotonic() - self.since > _FLUSH_SECONDS
        return len(self.facts) >= _FLUSH_IMAGES or (bool(self.facts) and waited)

    def flush(self, blocks: _Blocks) -> None:
        """Write what is new; vectors first, so that a known image always has its vectors."""
        for name, block in (("texture", blocks.haralick), ("shape", blocks.zernike), ("deep", blocks.deep)):
            fresh: dict[str, Vectors] = {}
            for row in self.rows:
                vector = getattr(row, name)
                if block is not None and vector is not None and row.sha256 not in block:
                    fresh[row.sha256] = vector
            if block is not None and fresh:
                block.append_vectors(list(fresh), np.stack(list(fresh.values())))
        facts = {sha256: values for sha256, values in self.facts if sha256 not in blocks.facts}
        if facts:
            columns = {name: [values[i] for values in facts.values()] for i, name in enumerate(_FACTS)}
            blocks.facts.append_fields(list(facts), columns)
        self.facts.clear()
        self.rows.clear()
        self.since = time.monotonic()


class _DeepSource:
    """The network, loaded only when the first picture needs it, and the time that took."""

    def __init__(self, checkpoint: Checkpoint | None, library: WeightsLibrary, precision: Precision) -> None:
        self._checkpoint = checkpoint
        self._library = library
        self._precision = precision
        self._backbone: Backbone | None = None
        self.loading_seconds = 0.0

    def embed(self, images: NDArray[np.uint8]) -> Vectors:
        """Deep vectors of at most a batch of prepared pictures."""
        if self._backbone is None:
            started = time.perf_counter()
            load_torch()
            from defect_workbench.engine.network import Backbone

            checkpoint = self._checkpoint or self._library.load()
            if checkpoint is None:
                raise WorkbenchError(
                    "the cached ResNet-50 weights are damaged; run: defect-workbench weights fetch"
                )
            self._backbone = Backbone(checkpoint, self._precision)
            self._checkpoint = None
            self.loading_seconds += time.perf_counter() - started
        return self._backbone.embed(images)


def _deep_identity(info: WeightsInfo, precision: str, device: str) -> dict[str, Any]:
    return {
        "name": info.name,
        "sha256": info.sha256,
        "variant": str(info.variant),
        "precision": precision,
        "device": device,
        "prepare": prepare.IDENTITY,
    }


def _open_blocks(store: VectorStore, deep: Mapping[str, Any] | None) -> _Blocks:
    texture = {"prepare": prepare.IDENTITY, **_DECODER}
    return _Blocks(
        facts=store.block("image", _DECODER),
        haralick=store.block(HARALICK, {**texture, "extractor": haralick.IDENTITY}),
        zernike=store.block(ZERNIKE, {**texture, "extractor": zernike.IDENTITY}),
        deep=None if deep is None else store.block(DEEP, {**deep, **_DECODER}),
    )


def _choose_deep(
    store: VectorStore, info: WeightsInfo, precision: Precision | None, known: Sequence[str | None]
) -> tuple[dict[str, Any], _Blocks]:
    """The identity to use: one that already has every image, else this machine's fastest.

    Looking into the store first also spares a start without new images the loading of torch.
    """
    for identity in store.identities(DEEP):
        wanted = _deep_identity(info, str(identity.get("precision")), str(identity.get("device")))
        if {**wanted, **_DECODER} != identity or precision not in (None, identity["precision"]):
            continue
        blocks = _open_blocks(store, wanted)
        if all(sha256 is not None and blocks.complete(sha256) for sha256 in known):
            return wanted, blocks
    load_torch()
    from defect_workbench.engine.network import default_device, fastest_precision

    device = default_device()
    chosen = precision or fastest_precision(device)
    identity = _deep_identity(info, str(chosen), device.type)
    return identity, _open_blocks(store, identity)


def extract(
    listing: Listing,
    store: VectorStore,
    library: WeightsLibrary,
    reporter: Reporter,
    *,
    offline: bool = False,
    precision: Precision | None = None,
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
    if info is None:
        blocks = _open_blocks(store, None)
    else:
        identity, blocks = _choose_deep(store, info, precision, known)
        source = _DeepSource(checkpoint, library, identity["precision"])

    reporter.stage("Extracting features", len(listing.files))
    started = time.perf_counter()
    buffer = _Buffer()
    contents: dict[str, FileStamp] = {}
    rejected = list(listing.rejected)
    computed: set[str] = set()
    batch: list[_Prepared] = []

    def finish_batch() -> None:
        _embed(batch, source, blocks, buffer)
        reporter.advance(len(batch))
        batch.clear()

    try:
        for file, outcome in _read_all(listing, known, blocks):
            reporter.check()
            if isinstance(outcome, Rejection):
                rejected.append(outcome)
                reporter.advance()
                continue
            sha256 = outcome if isinstance(outcome, str) else outcome.sha256
            contents[file.path] = FileStamp(file.size, file.mtime_ns, sha256)
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

    images = _collect(listing.root, contents, rejected, blocks.facts)
    sha256s = [image.sha256 for image in images.images]
    found = {HARALICK: blocks.haralick.vectors(sha256s), ZERNIKE: blocks.zernike.vectors(sha256s)}
    if blocks.deep is not None:
        found[DEEP] = blocks.deep.vectors(sha256s)
    backbone = None
    if identity is not None and info is not None:
        backbone = BackboneInfo("resnet50", info.name, info.sha256, identity["precision"], identity["device"])
    log.info("%s: %d images, %d new in %.1f s", listing.root, len(images), len(computed), seconds)
    return Extraction(images, Features(found, backbone), len(computed), seconds)


def _known_content(file: FoundFile, stamps: Mapping[str, FileStamp]) -> str | None:
    stamp = stamps.get(file.path)
    unchanged = stamp is not None and (stamp.size, stamp.mtime_ns) == (file.size, file.mtime_ns)
    return stamp.sha256 if stamp is not None and unchanged else None


def _read_all(
    listing: Listing, known: Sequence[str | None], blocks: _Blocks
) -> Iterator[tuple[FoundFile, str | Rejection | _Prepared]]:
    """Each file with its content hash, or why it cannot be read, or what there is to compute from."""
    workers = max(2, os.cpu_count() or 2)
    waiting: deque[tuple[FoundFile, Future[str | Rejection | _Prepared] | str]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="decode") as pool:
        try:
            for file, sha256 in zip(listing.files, known, strict=True):
                if sha256 is not None and blocks.complete(sha256):
                    waiting.append((file, sha256))
                else:
                    waiting.append((file, pool.submit(_read, listing.root, file, blocks)))
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


def _read(root: Path, file: FoundFile, blocks: _Blocks) -> str | Rejection | _Prepared:
    if file.size > MAX_FILE_BYTES:
        return Rejection(file.path, f"too large: {file.size / 1024**3:.1f} GB; the limit is 1 GB")
    try:
        data = (root / file.path).read_bytes()
    except OSError as error:
        return Rejection(file.path, f"it cannot be read: {error.strerror}")
    sha256 = hashlib.sha256(data).hexdigest()
    if blocks.complete(sha256):
        return sha256
    try:
        picture = decode(data)
    except Undecodable as error:
        return _Prepared(sha256, (0, 0, "", "", str(error)))
    grey, rgb = prepare.prepare(picture.pixels)
    facts = (picture.width, picture.height, picture.format, picture.note, "")
    return _Prepared(sha256, facts, grey, rgb, haralick.haralick(grey))


def _embed(batch: list[_Prepared], source: _DeepSource | None, blocks: _Blocks, buffer: _Buffer) -> None:
    shapes = zernike.zernike(np.stack([item.grey for item in batch if item.grey is not None]))
    missing = [
        i for i, item in enumerate(batch) if blocks.deep is not None and item.sha256 not in blocks.deep
    ]
    deep: dict[int, Vectors] = {}
    if source is not None and missing:
        pictures = np.stack([rgb for i in missing if (rgb := batch[i].rgb) is not None])
        deep = dict(zip(missing, source.embed(pictures), strict=True))
    for index, item in enumerate(batch):
        if item.texture is not None:
            buffer.rows.append(_Row(item.sha256, item.texture, shapes[index], deep.get(index)))


def _collect(
    root: Path, contents: Mapping[str, FileStamp], rejected: list[Rejection], facts: VectorBlock
) -> ImageSet:
    images = []
    rows = facts.fields([stamp.sha256 for stamp in contents.values()], _FACTS)
    for (path, stamp), (width, height, found, note, reason) in zip(contents.items(), rows, strict=True):
        if reason:
            rejected.append(Rejection(path, reason))
            continue
        notes = "; ".join(filter(None, (extension_note(path, found), note)))
        images.append(ImageRecord(path, stamp.sha256, width, height, notes))
    images.sort(key=lambda image: image.path)
    rejected.sort(key=lambda rejection: rejection.path)
    return ImageSet(root, tuple(images), tuple(rejected))
