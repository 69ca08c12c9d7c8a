"""The parts of a feature store that an extraction reads and writes.

Facts and measurements of an image are stored under the hash of its content, its vectors under a row key. The
two are equal unless a sidecar file changes how the image is preprocessed.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from defect_workbench.core.arrays import StorableVectors, Vectors
from defect_workbench.core.images.image_records import FileStamp
from defect_workbench.core.images.instrument import InstrumentMetadata
from defect_workbench.core.images.measurements import NUMBERS
from defect_workbench.core.images.preprocessing_steps import Preprocessing
from defect_workbench.engine.features.identity import (
    DECODER,
    NetworkInUse,
    block_identity,
    measured_identity,
)
from defect_workbench.engine.features.registry import BLOCKS
from defect_workbench.engine.input.sidecar_files import SidecarFiles
from defect_workbench.engine.measurement import defects

FLUSH_IMAGES = 256
FLUSH_SECONDS = 5.0
FACTS = ("width", "height", "format", "note", "reason", "tool", "bar_rows")
HINTS = ("pitch", "shading", "rest")

Facts = tuple[int, int, str, str, str, str, int]


class VectorBlock(Protocol):
    """Stored rows of one kind, by content hash, such as the feature store's `Block`."""

    def __contains__(self, sha256: str) -> bool: ...
    def append_vectors(self, sha256s: Sequence[str], vectors: StorableVectors) -> None:
        """Append (n, d) float32 or float16 rows under n hashes that are not stored yet."""

    def append_fields(self, sha256s: Sequence[str], fields: Mapping[str, Sequence[Any]]) -> None:
        """Append named columns of n values under n hashes that are not stored yet."""

    def vectors(self, sha256s: Sequence[str]) -> Vectors:
        """Return the (n, d) float32 rows of n hashes."""

    def fields(self, sha256s: Sequence[str], names: Sequence[str]) -> list[tuple[Any, ...]]:
        """Return the values of the named columns, one tuple per hash."""


class VectorStore(Protocol):
    """Storage for vectors, such as the feature store."""

    def block(self, kind: str, identity: Mapping[str, Any]) -> VectorBlock: ...
    def identities(self, kind: str) -> list[dict[str, Any]]: ...
    def stamps(self, root: Path) -> dict[str, FileStamp]: ...
    def remember_files(self, root: Path, stamps: Mapping[str, FileStamp]) -> None: ...


def row_key(sha256: str, side_pixel_size: float | None, processing: Preprocessing) -> str:
    """Return the key under which an image's vectors are stored.

    Parameters
    ----------
    side_pixel_size : float or None
        From a sidecar file, in nm; affects the key only if images are rescaled.
    """
    if processing.rescale_nm is None or side_pixel_size is None:
        return sha256
    return hashlib.sha256(f"{sha256}:{side_pixel_size:.9g}".encode()).hexdigest()


def image_key(sides: SidecarFiles, path: str, sha256: str, processing: Preprocessing) -> str:
    """Return the `row_key` of a file with this content, given the folder's sidecar files."""
    if processing.rescale_nm is None:
        return sha256
    return row_key(sha256, sides.pixel_size(path), processing)


def stored_metadata(text: str, sides: SidecarFiles, path: str) -> InstrumentMetadata:
    """Return what an instrument recorded about an image, in its sidecar file or else in the file itself.

    Parameters
    ----------
    text : str
        The metadata of the file, as the store keeps them; may be empty.
    """
    own = InstrumentMetadata.from_json(json.loads(text)) if text else InstrumentMetadata()
    side = sides.facts(path)
    return own if side is None else side.filled_from(own)


def remember_changed(
    store: VectorStore, root: Path, stamps: Mapping[str, FileStamp], before: Mapping[str, FileStamp]
) -> None:
    """Store the stamps of the files below a folder that are new or have changed."""
    store.remember_files(root, {path: stamp for path, stamp in stamps.items() if before.get(path) != stamp})


@dataclass(frozen=True)
class Row:
    """The computed measurements and vectors of one file content.

    Attributes
    ----------
    vectors : mapping of str to (d,) float32 or float16
        By block name; blocks whose vectors are already stored may be missing.
    """

    sha256: str
    key: str
    measured: tuple[float, ...]
    vectors: Mapping[str, StorableVectors]


@dataclass(frozen=True)
class Blocks:
    """The parts of a feature store that an extraction reads and writes.

    Attributes
    ----------
    vectors : mapping of str to VectorBlock
        By name of the feature block.
    """

    facts: VectorBlock
    measured: VectorBlock
    vectors: Mapping[str, VectorBlock]

    def missing(self, sha256: str, key: str) -> list[str]:
        """Return the feature blocks for which a content has no vector yet."""
        return [name for name, stored in self.vectors.items() if BLOCKS[name].key(sha256, key) not in stored]

    def complete(self, sha256: str, key: str) -> bool:
        """Return whether nothing is left to compute for a content."""
        if sha256 not in self.facts:
            return False
        if sha256 in self.measured:
            return not self.missing(sha256, key)
        return bool(self.facts.fields([sha256], ["reason"])[0][0])

    def collect(self, sha256s: Sequence[str], keys: Sequence[str]) -> dict[str, Vectors]:
        """Return the vectors of n complete contents, (n, d) float32 for each block."""
        pairs = list(zip(sha256s, keys, strict=True))
        return {
            name: stored.vectors([BLOCKS[name].key(*pair) for pair in pairs])
            for name, stored in self.vectors.items()
        }


def open_blocks(
    store: VectorStore,
    processing: Preprocessing,
    network: NetworkInUse | None,
    view: str = "",
    measure_version: str = defects.IDENTITY,
) -> Blocks:
    """Open the parts of a store for images with this preprocessing.

    Parameters
    ----------
    network : NetworkInUse or None
        None leaves out the blocks that the network computes.
    view, measure_version : str
        As for `block_identity`.
    """
    # The network's blocks come last, as models depend on the order of the blocks that they were trained on.
    used = [block for block in BLOCKS if block.in_extraction and not block.by_network]
    used += [block for block in BLOCKS if block.by_network and network is not None]
    return Blocks(
        facts=store.block("image", DECODER),
        measured=store.block("measured", measured_identity(processing, measure_version)),
        vectors={
            block.name: store.block(
                block.name, block_identity(block, processing, network, view, measure_version)
            )
            for block in used
        },
    )


@dataclass
class Buffer:
    """Finished rows that are not in the store yet."""

    facts: list[tuple[str, Facts]] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    since: float = field(default_factory=time.monotonic)

    def add(
        self,
        sha256: str,
        key: str,
        facts: Facts,
        measured: tuple[float, ...],
        vectors: Mapping[str, StorableVectors],
    ) -> None:
        """Add what was computed for an image."""
        self.facts.append((sha256, facts))
        self.rows.append(Row(sha256, key, measured, vectors))

    @property
    def due(self) -> bool:
        """Whether the buffer should be flushed now."""
        waited = time.monotonic() - self.since > FLUSH_SECONDS
        return len(self.facts) >= FLUSH_IMAGES or (bool(self.facts) and waited)

    def flush(self, blocks: Blocks) -> None:
        """Write new rows to the store, vectors first, so that an image with facts always has its vectors."""
        for name, stored in blocks.vectors.items():
            block = BLOCKS[name]
            keyed = [(block.key(row.sha256, row.key), row.vectors.get(name)) for row in self.rows]
            _append(stored, [(key, vector) for key, vector in keyed if vector is not None])
        fresh = {row.sha256: row.measured for row in self.rows if row.sha256 not in blocks.measured}
        if fresh:
            names = (*NUMBERS, *HINTS)
            blocks.measured.append_fields(
                list(fresh), {name: [values[i] for values in fresh.values()] for i, name in enumerate(names)}
            )
        facts = {sha256: values for sha256, values in self.facts if sha256 not in blocks.facts}
        if facts:
            columns = {name: [values[i] for values in facts.values()] for i, name in enumerate(FACTS)}
            blocks.facts.append_fields(list(facts), columns)
        self.facts.clear()
        self.rows.clear()
        self.since = time.monotonic()


def _append(block: VectorBlock, rows: Sequence[tuple[str, StorableVectors]]) -> None:
    fresh = {key: vector for key, vector in rows if key not in block}
    if fresh:
        block.append_vectors(list(fresh), np.stack(list(fresh.values())))
