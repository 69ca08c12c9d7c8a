"""A feature store whose additions wait in memory until all of them are written, one part per block."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from defect_workbench.core.arrays import Vectors
from defect_workbench.core.images.image_records import FileStamp
from defect_workbench.engine.extraction.passing_store import PassingBlock
from defect_workbench.storage.vectors.feature_store import Block, FeatureStore


class GatheringBlock(PassingBlock):
    """The rows of a block, in the store and in memory."""

    def __init__(self, stored: Block) -> None:
        super().__init__()
        self._stored = stored

    def __contains__(self, sha256: str) -> bool:
        return super().__contains__(sha256) or sha256 in self._stored

    def vectors(self, sha256s: Sequence[str]) -> Vectors:
        """Return the vectors of n contents, (n, d) float32."""
        stored = [sha256 for sha256 in sha256s if sha256 not in self._vectors]
        known = dict(zip(stored, self._stored.vectors(stored), strict=True)) if stored else {}
        rows = [self._vectors[sha256] if sha256 in self._vectors else known[sha256] for sha256 in sha256s]
        return np.stack(rows).astype(np.float32) if rows else np.empty((0, 0), np.float32)

    def fields(self, sha256s: Sequence[str], names: Sequence[str]) -> list[tuple[Any, ...]]:
        """Return the named values of some contents, one tuple per content."""
        stored = [sha256 for sha256 in sha256s if sha256 not in self._fields]
        rows = dict(zip(stored, self._stored.fields(stored, names), strict=True))
        rows |= {
            sha256: tuple(self._fields[sha256][name] for name in names)
            for sha256 in sha256s
            if sha256 in self._fields
        }
        return [rows[sha256] for sha256 in sha256s]

    def write(self) -> None:
        """Write what is in memory as one part."""
        if self._vectors:
            self._stored.append_vectors(list(self._vectors), np.stack(list(self._vectors.values())))
        if self._fields:
            names = next(iter(self._fields.values()))
            columns = {name: [record[name] for record in self._fields.values()] for name in names}
            self._stored.append_fields(list(self._fields), columns)
        self._vectors, self._fields = {}, {}


class GatheringStore:
    """A feature store for one share of an extraction; nothing is in the store before `write`.

    Parameters
    ----------
    stamps : mapping of str to FileStamp
        Of the files of the share whose content is known.
    """

    def __init__(self, store: FeatureStore, stamps: Mapping[str, FileStamp]) -> None:
        self._store = store
        self._stamps = dict(stamps)
        self._blocks: dict[tuple[str, str], GatheringBlock] = {}

    def block(self, kind: str, identity: Mapping[str, Any]) -> GatheringBlock:
        """Return the block of this kind and identity."""
        key = (kind, json.dumps(identity, sort_keys=True))
        if key not in self._blocks:
            self._blocks[key] = GatheringBlock(self._store.block(kind, identity))
        return self._blocks[key]

    def identities(self, kind: str) -> list[dict[str, Any]]:
        """Return nothing, so that precision and device are those that the run determines."""
        return []

    def stamps(self, root: Path) -> dict[str, FileStamp]:
        """Return the stamps of the files of the share."""
        return self._stamps

    def remember_files(self, root: Path, stamps: Mapping[str, FileStamp]) -> None:
        """Do nothing: the machine that distributes the work stores them."""

    def write(self) -> None:
        """Write all additions, vectors first: an image that the store knows always has its vectors."""
        # Extraction opens the facts first, then the measurements, then the vectors.
        for block in reversed(self._blocks.values()):
            block.write()
