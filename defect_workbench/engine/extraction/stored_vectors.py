"""The blocks of a feature store that an extraction reads and fills.

Facts and measurements of a picture are kept under the hash of its content; its vectors under a row key,
which is the same but where a side file beside the picture has a say in them.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from defect_workbench.core.arrays import Vectors
from defect_workbench.core.clustering.feature_blocks import DEEP, HARALICK, OUTLINE, ZERNIKE
from defect_workbench.core.images.image_records import FileStamp
from defect_workbench.core.images.measurements import NUMBERS
from defect_workbench.core.images.preprocessing_steps import Processing
from defect_workbench.engine.features.identity import (
    DECODER,
    EXTRACTORS,
    hand_made_identity,
    measured_identity,
)

FLUSH_IMAGES = 256
FLUSH_SECONDS = 5.0
FACTS = ("width", "height", "format", "note", "reason", "tool", "bar_rows")
HINTS = ("pitch", "shading", "rest")

Facts = tuple[int, int, str, str, str, str, int]


class VectorBlock(Protocol):
    """Rows of one kind by content hash; the feature store's `Block` is one."""

    def __contains__(self, sha256: str) -> bool: ...
    def append_vectors(self, sha256s: Sequence[str], vectors: Vectors) -> None: ...
    def append_fields(self, sha256s: Sequence[str], fields: Mapping[str, Sequence[Any]]) -> None: ...
    def vectors(self, sha256s: Sequence[str]) -> Vectors: ...
    def fields(self, sha256s: Sequence[str], names: Sequence[str]) -> list[tuple[Any, ...]]: ...


class VectorStore(Protocol):
    """A place that keeps vectors; the feature store is one."""

    def block(self, kind: str, identity: Mapping[str, Any]) -> VectorBlock: ...
    def identities(self, kind: str) -> list[dict[str, Any]]: ...
    def stamps(self, root: Path) -> dict[str, FileStamp]: ...
    def remember_files(self, root: Path, stamps: Mapping[str, FileStamp]) -> None: ...


def row_key(sha256: str, side_pixel_size: float | None, wanted: Processing) -> str:
    """Under what a picture's vectors are kept.

    Parameters
    ----------
    side_pixel_size : float or None
        What a side file says, nanometres; it counts only where pictures are rescaled.
    """
    if wanted.rescale_nm is None or side_pixel_size is None:
        return sha256
    return hashlib.sha256(f"{sha256}:{side_pixel_size:.9g}".encode()).hexdigest()


@dataclass(frozen=True)
class Row:
    """What was computed of one content; None where it is known already or cannot be had."""

    sha256: str
    key: str
    haralick: Vectors
    zernike: Vectors
    measured: tuple[float, ...]
    outline: Vectors
    deep: Vectors | None


@dataclass
class Blocks:
    """The blocks of the store that this extraction reads and fills."""

    facts: VectorBlock
    measured: VectorBlock
    outline: VectorBlock
    haralick: VectorBlock
    zernike: VectorBlock
    deep: VectorBlock | None

    def complete(self, sha256: str, key: str) -> bool:
        """Whether nothing is left to compute for a content."""
        if sha256 not in self.facts:
            return False
        if sha256 in self.measured:
            vectors = [self.haralick, self.zernike] + ([self.deep] if self.deep is not None else [])
            return sha256 in self.outline and all(key in block for block in vectors)
        return bool(self.facts.fields([sha256], ["reason"])[0][0])


def open_blocks(store: VectorStore, wanted: Processing, deep: Mapping[str, Any] | None) -> Blocks:
    """The blocks for pictures prepared in this way.

    Parameters
    ----------
    deep : mapping of str to Any, or None
        As `identity.deep_identity` gives it; None: no deep block.
    """
    hand_made = {name: store.block(name, hand_made_identity(name, wanted)) for name in EXTRACTORS}
    return Blocks(
        facts=store.block("image", DECODER),
        measured=store.block("measured", measured_identity(wanted)),
        outline=hand_made[OUTLINE],
        haralick=hand_made[HARALICK],
        zernike=hand_made[ZERNIKE],
        deep=None if deep is None else store.block(DEEP, deep),
    )


@dataclass
class Buffer:
    """Finished rows that are not in the store yet."""

    facts: list[tuple[str, Facts]] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    since: float = field(default_factory=time.monotonic)

    @property
    def due(self) -> bool:
        """Whether it is time to flush."""
        waited = time.monotonic() - self.since > FLUSH_SECONDS
        return len(self.facts) >= FLUSH_IMAGES or (bool(self.facts) and waited)

    def flush(self, blocks: Blocks) -> None:
        """Write what is new; vectors first, so that a known image always has its vectors."""
        by_key = (("haralick", blocks.haralick), ("zernike", blocks.zernike), ("deep", blocks.deep))
        for name, block in by_key:
            if block is not None:
                rows = [(row.key, getattr(row, name)) for row in self.rows]
                _append(block, [(key, vector) for key, vector in rows if vector is not None])
        _append(blocks.outline, [(row.sha256, row.outline) for row in self.rows])
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


def _append(block: VectorBlock, rows: Sequence[tuple[str, Vectors]]) -> None:
    fresh = {key: vector for key, vector in rows if key not in block}
    if fresh:
        block.append_vectors(list(fresh), np.stack(list(fresh.values())))
