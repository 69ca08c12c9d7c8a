"""The feature store: vectors kept by content, so nothing is computed twice.

    STORE/store.json                          format version
    STORE/<kind>-<key>/identity.json          what the numbers of this folder depend on
    STORE/<kind>-<key>/part-<id>.parquet      sha256, values; written once, never changed
    STORE/files/part-<id>.parquet             root, path, size, mtime_ns, sha256: which file is which content

Parts are complete or absent, so several processes may add to one store, and a killed run loses at most
what it had not flushed.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from defect_workbench.core.arrays import Vectors
from defect_workbench.core.clustering.feature_blocks import FORMER_NAMES
from defect_workbench.core.errors import Remedy, WorkbenchError
from defect_workbench.core.images.image_records import FileStamp
from defect_workbench.core.safe_reading import NotRegularError, TooLargeError, read_regular, why_not_written
from defect_workbench.storage.files.atomic import is_draft, replacing, sweep, write_text

log = logging.getLogger(__name__)

FORMAT = 1
_MARK = "store.json"
_FILES = "files"
_MARK_TEXT = json.dumps({"format": FORMAT}) + "\n"
_MOST_NOTE_BYTES = 1 << 20


class FeatureStore:
    """One store folder.

    Parameters
    ----------
    folder : Path
        Made when something is first written.

    Raises
    ------
    WorkbenchError
        If the folder holds something else, or a store of a newer version.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            version = _version(folder / _MARK)
        except FileNotFoundError:
            self._check_markless()
        except NotRegularError as error:
            raise WorkbenchError(f"{folder} is not a feature store: its {_MARK} is not a file") from error
        except NotADirectoryError as error:
            raise WorkbenchError(f"{folder} is a file or lies in one; it is not a feature store") from error
        except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
            if isinstance(error, OSError) and not isinstance(error, TooLargeError):
                raise WorkbenchError(
                    f"the feature store {folder} cannot be read: {error.strerror or error}"
                ) from error
            self._mark_again("damaged")
        else:
            if version > FORMAT:
                raise WorkbenchError(
                    f"the feature store {folder} was written by a newer version (format {version}); "
                    "update the program",
                    Remedy.OTHER_STORE,
                )

    def _check_markless(self) -> None:
        """A folder without a mark may be new, or a store whose mark was removed."""
        if self.folder.exists() and not self.folder.is_dir():
            raise WorkbenchError(f"{self.folder} is a file, not a feature store", Remedy.OTHER_STORE)
        try:
            used = self.folder.is_dir() and any(not is_draft(p, _MARK) for p in self.folder.iterdir())
        except OSError as error:
            raise WorkbenchError(
                f"the feature store {self.folder} cannot be read: {error.strerror or error}"
            ) from error
        if used:
            self._mark_again("missing")

    def _mark_again(self, what: str) -> None:
        """Rewrite the mark of a folder that clearly is a store: its blocks state what they depend on."""
        if not (_parts(self.folder / _FILES) or any(self.folder.glob("*-*/identity.json"))):
            if what == "missing":
                raise WorkbenchError(
                    f"{self.folder} is not a feature store and is not empty", Remedy.OTHER_STORE
                )
            raise WorkbenchError(
                f"{self.folder} is not a feature store: its {_MARK} is damaged, and there is nothing else of "
                "a store in it",
                Remedy.OTHER_STORE,
            )
        log.warning("the mark %s of a feature store was %s; it is rewritten", self.folder / _MARK, what)
        with suppress(OSError):  # one that cannot be written can still be read
            write_text(self.folder / _MARK, _MARK_TEXT)

    @staticmethod
    def is_store(folder: Path) -> bool:
        """Whether a folder is marked as a store."""
        return (folder / _MARK).is_file()

    # Vectors

    def block(self, kind: str, identity: Mapping[str, Any]) -> Block:
        """The vectors of one kind that depend on `identity` (JSON values)."""
        text = json.dumps(identity, sort_keys=True)
        key = hashlib.sha256(text.encode()).hexdigest()[:16]
        folders = [self.folder / f"{name}-{key}" for name in _kind_names(kind)]
        return Block(self, folders[0], dict(identity), folders[1:])

    def identities(self, kind: str) -> list[dict[str, Any]]:
        """The identities for which the store has a block of this kind."""
        found = []
        names = _kind_names(kind)
        for path in sorted(path for name in names for path in self.folder.glob(f"{name}-*/identity.json")):
            try:
                found.append(json.loads(read_regular(path, _MOST_NOTE_BYTES)))
            except (OSError, ValueError, RecursionError):
                log.warning("unreadable %s", path)
        return found

    # Files

    def stamps(self, root: Path) -> dict[str, FileStamp]:
        """What is known of the files below `root`, by path; the newest entry of a path counts."""
        known: dict[str, FileStamp] = {}
        for table in self._file_tables(str(root)):
            columns = [table.column(name).to_pylist() for name in ("path", "size", "mtime_ns", "sha256")]
            # Parts of earlier versions lack these; such a file is read once more.
            columns += [
                table.column(name).to_pylist() if name in table.column_names else [-1] * table.num_rows
                for name in ("changed_ns", "inode")
            ]
            for path, *stamp in zip(*columns, strict=True):
                known[path] = FileStamp(*stamp)
        return known

    def last_root(self) -> Path | None:
        """The folder whose files were added last."""
        parts = _parts(self.folder / _FILES)
        for part in reversed(parts):
            table = _read(part, ["root"])
            if table is not None and table.num_rows:
                return Path(table.column("root")[table.num_rows - 1].as_py())
        return None

    def remember_files(self, root: Path, stamps: Mapping[str, FileStamp]) -> None:
        """Keep which content each file had."""
        if not stamps:
            return
        table = pa.table(
            {
                "root": pa.array([str(root)] * len(stamps), pa.string()),
                "path": pa.array(list(stamps), pa.string()),
                "size": pa.array([s.size for s in stamps.values()], pa.int64()),
                "mtime_ns": pa.array([s.mtime_ns for s in stamps.values()], pa.int64()),
                "sha256": pa.array([s.sha256 for s in stamps.values()], pa.string()),
                "changed_ns": pa.array([s.changed_ns for s in stamps.values()], pa.int64()),
                "inode": pa.array([s.inode for s in stamps.values()], pa.int64()),
            }
        )
        self.write_part(self.folder / _FILES, table, "zstd")

    def _file_tables(self, root: str) -> Iterable[pa.Table]:
        for part in _parts(self.folder / _FILES):
            table = _read(part, None)
            if table is not None:
                yield table.filter(pc.equal(table.column("root"), root))

    def write_part(self, folder: Path, table: pa.Table, compression: str) -> Path:
        """Add a part to a folder of the store; the mark is written before the first one."""
        path = folder / f"part-{time.time_ns():020d}-{uuid.uuid4().hex[:8]}.parquet"
        try:
            self.mark()
            with replacing(path) as draft:
                pq.write_table(
                    table, draft, compression=compression, use_dictionary=False, write_page_checksum=True
                )
        except (OSError, pa.ArrowException) as error:
            raise self.unwritable(error) from error
        return path

    def mark(self) -> None:
        """Mark the folder as a store; before anything else is in it, or a kill would leave it unknown."""
        if not self.is_store(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            write_text(self.folder / _MARK, _MARK_TEXT)

    def unwritable(self, error: Exception) -> WorkbenchError:
        """What to tell where the disk does not take it."""
        words = why_not_written(error) if isinstance(error, OSError) else str(error)
        return WorkbenchError(
            f"the feature store {self.folder} cannot be written: {words}. What it held before is kept",
            Remedy.OTHER_STORE,
        )


class Block:
    """The rows of one kind and identity: for each content hash a vector or a record of fields.

    What earlier versions wrote into the folders `former`, under another name of the kind, is read too; new
    rows go into `folder`.
    """

    def __init__(
        self, store: FeatureStore, folder: Path, identity: dict[str, Any], former: Sequence[Path] = ()
    ) -> None:
        self._store = store
        self._folder = folder
        self._identity = identity
        self._where: dict[str, tuple[Path, int]] = {}
        for part in [part for place in (folder, *former) for part in _parts(place)]:
            table = _read(part, ["sha256"])
            if table is not None:
                self._index(part, table.column("sha256").to_pylist())

    def __contains__(self, sha256: str) -> bool:
        return sha256 in self._where

    def append_vectors(self, sha256s: Sequence[str], vectors: Vectors) -> None:
        """Add rows; (n, d) float32."""
        values = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel(), pa.float32()), vectors.shape[1])
        self._append(sha256s, {"values": values})

    def append_fields(self, sha256s: Sequence[str], fields: Mapping[str, Sequence[Any]]) -> None:
        """Add rows of named values."""
        self._append(sha256s, {name: pa.array(list(values)) for name, values in fields.items()})

    def vectors(self, sha256s: Sequence[str]) -> Vectors:
        """The vectors of known contents, (n, d) float32.

        Raises
        ------
        KeyError
            If one is not in the block.
        """
        result: Vectors | None = None
        for part, targets, rows in self._by_part(sha256s):
            with _sound(part):
                read = pq.read_table(
                    part, columns=["values"], memory_map=True, page_checksum_verification=True
                )
                values = read.column("values").combine_chunks()
                width = values.type.list_size
                matrix = values.flatten().to_numpy(zero_copy_only=False).reshape(-1, width)
                if result is None:
                    result = np.empty((len(sha256s), width), np.float32)
                result[targets] = matrix[rows]
        return result if result is not None else np.empty((0, 0), np.float32)

    def fields(self, sha256s: Sequence[str], names: Sequence[str]) -> list[tuple[Any, ...]]:
        """The named values of known contents, one tuple each."""
        result: list[tuple[Any, ...]] = [()] * len(sha256s)
        for part, targets, rows in self._by_part(sha256s):
            with _sound(part):
                table = pq.read_table(part, columns=list(names), page_checksum_verification=True)
                columns = [table.column(name).to_pylist() for name in names]
                for target, row in zip(targets, rows, strict=True):
                    result[target] = tuple(column[row] for column in columns)
        return result

    def _append(self, sha256s: Sequence[str], columns: Mapping[str, pa.Array]) -> None:
        identity = self._folder / "identity.json"
        if not identity.exists():
            try:
                self._store.mark()
                write_text(identity, json.dumps(self._identity, sort_keys=True, indent=1) + "\n")
            except OSError as error:
                raise self._store.unwritable(error) from error
        sweep(self._folder)
        table = pa.table({"sha256": pa.array(list(sha256s), pa.string()), **columns})
        part = self._store.write_part(self._folder, table, "none")
        self._index(part, sha256s)

    def _index(self, part: Path, sha256s: Iterable[str]) -> None:
        for row, sha256 in enumerate(sha256s):
            self._where.setdefault(sha256, (part, row))

    def _by_part(self, sha256s: Sequence[str]) -> Iterable[tuple[Path, list[int], list[int]]]:
        grouped: dict[Path, tuple[list[int], list[int]]] = {}
        for target, sha256 in enumerate(sha256s):
            part, row = self._where[sha256]
            targets, rows = grouped.setdefault(part, ([], []))
            targets.append(target)
            rows.append(row)
        return [(part, targets, rows) for part, (targets, rows) in grouped.items()]


def _kind_names(kind: str) -> list[str]:
    """A kind's name, then the names it had in earlier versions."""
    return [kind, *(former for former, name in FORMER_NAMES.items() if name == kind)]


def _version(mark: Path) -> int:
    version = int(json.loads(read_regular(mark, _MOST_NOTE_BYTES))["format"])
    if version < 1:
        raise ValueError("formats are counted from 1")
    return version


def _parts(folder: Path) -> list[Path]:
    return sorted(folder.glob("part-*.parquet"))


@contextmanager
def _sound(part: Path) -> Iterator[None]:
    """Sets a part aside whose damage shows only now, so that the next run computes anew what it held."""
    try:
        yield
    except (OSError, pa.ArrowException, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        log.warning("the part %s of the feature store is damaged (%s)", part, error)
        with suppress(OSError):
            part.rename(part.with_name(f"damaged-{part.name}"))
        raise WorkbenchError(
            f"a part of the feature store is damaged and was set aside ({part}); run again, and what it held "
            "is computed anew"
        ) from error


def _read(part: Path, columns: list[str] | None) -> pa.Table | None:
    try:
        return pq.read_table(part, columns=columns, page_checksum_verification=True)
    except (OSError, pa.ArrowException, ValueError, KeyError) as error:
        log.warning("the part %s of the feature store is damaged and is computed anew (%s)", part, error)
        return None
