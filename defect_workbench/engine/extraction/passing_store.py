"""A feature store in memory, for images that are described once and then dropped."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from defect_workbench.core.arrays import StorableVectors, Vectors
from defect_workbench.core.images.image_records import FileStamp
from defect_workbench.engine.extraction.stored_vectors import VectorBlock


class PassingBlock:
    """The rows of one kind and identity."""

    def __init__(self) -> None:
        self._vectors: dict[str, StorableVectors] = {}
        self._fields: dict[str, dict[str, Any]] = {}

    def __contains__(self, sha256: str) -> bool:
        return sha256 in self._vectors or sha256 in self._fields

    def append_vectors(self, sha256s: Sequence[str], vectors: StorableVectors) -> None:
        """Add (n, d) vectors."""
        self._vectors.update(zip(sha256s, vectors, strict=True))

    def append_fields(self, sha256s: Sequence[str], fields: Mapping[str, Sequence[Any]]) -> None:
        """Add records of named values."""
        for row, sha256 in enumerate(sha256s):
            self._fields[sha256] = {name: values[row] for name, values in fields.items()}

    def vectors(self, sha256s: Sequence[str]) -> Vectors:
        """Return the vectors of n contents, (n, d) float32."""
        if not len(sha256s):
            return np.empty((0, 0), np.float32)
        return np.stack([self._vectors[sha256] for sha256 in sha256s]).astype(np.float32)

    def fields(self, sha256s: Sequence[str], names: Sequence[str]) -> list[tuple[Any, ...]]:
        """Return the named values of some contents, one tuple per content."""
        return [tuple(self._fields[sha256][name] for name in names) for sha256 in sha256s]


class PassingStore:
    """Keeps what an extraction computes until `clear`.

    Attributes
    ----------
    read : dict of str to FileStamp
        The files whose content was read, those that cannot be decoded included.
    """

    def __init__(self) -> None:
        self._blocks: dict[tuple[str, str], PassingBlock] = {}
        self.read: dict[str, FileStamp] = {}

    def block(self, kind: str, identity: Mapping[str, Any]) -> VectorBlock:
        """Return the block of this kind and identity."""
        return self._blocks.setdefault((kind, json.dumps(identity, sort_keys=True)), PassingBlock())

    def identities(self, kind: str) -> list[dict[str, Any]]:
        """Return nothing, so that precision and device are chosen as for a new store."""
        return []

    def stamps(self, root: Path) -> dict[str, FileStamp]:
        """Return nothing: every file is read."""
        return {}

    def remember_files(self, root: Path, stamps: Mapping[str, FileStamp]) -> None:
        """Keep which files were read."""
        self.read.update(stamps)

    def clear(self) -> None:
        """Drop everything."""
        self._blocks.clear()
        self.read.clear()
