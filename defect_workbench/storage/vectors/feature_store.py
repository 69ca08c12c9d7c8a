"""The feature store: vectors on disk, by content hash and identity, so that nothing is computed twice.

    STORE/store.json                          format version
    STORE/<kind>-<key>/identity.json          what the vectors in this folder depend on
    STORE/<kind>-<key>/part-<id>.parquet      sha256, values; never changed once written
    STORE/files/part-<id>.parquet             root, path, size, mtime_ns, sha256 of each file

A part is either complete or missing, so several processes can add to a store, and a killed run loses at
most what it had not written yet.
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

from defect_workbench.core.arrays import StorableVectors, Vectors
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
    """A feature store in a folder.

    Parameters
    ----------
    folder : Path
        Created when something is first written.
    part : str, optional
        Names the parts that are written, one per block, so that work done twice leaves one part. Default:
        each part has its own name.
    origin : mapping of str to str, optional
        Written into the metadata of parts.

    Raises
    ------
    WorkbenchError
        If the folder is not empty and not a store, or a store of a newer version.
    """

    def __init__(
        self, folder: Path, *, part: str | None = None, origin: Mapping[str, str] | None = None
    ) -> None:
        self.folder = folder
        self._part, self._origin = part, origin
        try:
            version = _version(folder / _MARK)
        except FileNotFoundError:
            self._check_unmarked()
        except NotRegularError as error:
            raise WorkbenchError(f"{folder} is not a feature store: its {_MARK} is not a file") from error
        except NotADirectoryError as error:
            raise WorkbenchError(
                f"{folder} is not a feature store: it is a file or is inside one", Remedy.OTHER_STORE
            ) from error
        except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
            if isinstance(error, OSError) and not isinstance(error, TooLargeError):
                raise WorkbenchError(
                    f"the feature store {folder} cannot be read: {error.strerror or error}"
                ) from error
            self._restore_mark("damaged")
        else:
            if version > FORMAT:
                raise WorkbenchError(
                    f"the feature store {folder} was written by a newer version (format {version}), "
                    "and only an updated program can read it",
                    Remedy.OTHER_STORE,
                )

    def _check_unmarked(self) -> None:
        """Accept a folder without a mark if it is new or a store whose mark was deleted."""
        if self.folder.exists() and not self.folder.is_dir():
            raise WorkbenchError(f"{self.folder} is a file, not a feature store", Remedy.OTHER_STORE)
        try:
            used = self.folder.is_dir() and any(not is_draft(p, _MARK) for p in self.folder.iterdir())
        except OSError as error:
            raise WorkbenchError(
                f"the feature store {self.folder} cannot be read: {error.strerror or error}"
            ) from error
        if used:
            self._restore_mark("missing")

    def _restore_mark(self, problem: str) -> None:
        """Rewrite the mark of a folder whose content shows that it is a store."""
        if not (parts_of(self.folder / _FILES) or any(self.folder.glob("*-*/identity.json"))):
            if problem == "missing":
                raise WorkbenchError(
                    f"{self.folder} is not a feature store and is not empty", Remedy.OTHER_STORE
                )
            raise WorkbenchError(
                f"{self.folder} is not a feature store: its {_MARK} is damaged, and it contains no features",
                Remedy.OTHER_STORE,
            )
        log.warning("%s of a feature store was %s; it is rewritten", self.folder / _MARK, problem)
        with suppress(OSError):  # a read-only store can still be read
            write_text(self.folder / _MARK, _MARK_TEXT)

    @staticmethod
    def is_store(folder: Path) -> bool:
        """Whether a folder is marked as a store."""
        return (folder / _MARK).is_file()

    # Vectors

    def block(self, kind: str, identity: Mapping[str, Any]) -> Block:
        """Return the block of this kind and identity (JSON values)."""
        text = json.dumps(identity, sort_keys=True)
        key = hashlib.sha256(text.encode()).hexdigest()[:16]
        folders = [self.folder / f"{name}-{key}" for name in _kind_names(kind)]
        return Block(self, folders[0], dict(identity), folders[1:])

    def identities(self, kind: str) -> list[dict[str, Any]]:
        """Return the identities of all blocks of this kind."""
        identities = []
        names = _kind_names(kind)
        for path in sorted(path for name in names for path in self.folder.glob(f"{name}-*/identity.json")):
            try:
                identities.append(json.loads(read_regular(path, _MOST_NOTE_BYTES)))
            except (OSError, ValueError, RecursionError):
                log.warning("%s cannot be read", path)
        return identities

    # Files

    def stamps(self, root: Path) -> dict[str, FileStamp]:
        """Return the latest stamps of the files below `root`, by path."""
        stamps: dict[str, FileStamp] = {}
        for table in self._file_tables(str(root)):
            columns = [table.column(name).to_pylist() for name in ("path", "size", "mtime_ns", "sha256")]
            # Parts of earlier versions lack these columns; their files are hashed again.
            columns += [
                table.column(name).to_pylist() if name in table.column_names else [-1] * table.num_rows
                for name in ("changed_ns", "inode")
            ]
            for path, *stamp in zip(*columns, strict=True):
                stamps[path] = FileStamp(*stamp)
        return stamps

    def last_root(self) -> Path | None:
        """Return the folder whose files were added last."""
        parts = parts_of(self.folder / _FILES)
        for part in reversed(parts):
            table = readable_part(part, ["root"])
            if table is not None and table.num_rows:
                return Path(table.column("root")[table.num_rows - 1].as_py())
        return None

    def remember_files(self, root: Path, stamps: Mapping[str, FileStamp]) -> None:
        """Store the stamps of files below `root`."""
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
        for part in parts_of(self.folder / _FILES):
            table = readable_part(part, None)
            if table is not None:
                yield table.filter(pc.equal(table.column("root"), root))

    def write_part(self, folder: Path, table: pa.Table, compression: str) -> Path:
        """Add a part to a folder of the store; the mark is written before the first part."""
        name = self._part or f"{time.time_ns():020d}-{uuid.uuid4().hex[:8]}"
        path = folder / f"part-{name}.parquet"
        if self._origin is not None:
            table = table.replace_schema_metadata({**(table.schema.metadata or {}), **self._origin})
        try:
            self.mark()
            with replacing(path) as draft:
                pq.write_table(
                    table, draft, compression=compression, use_dictionary=False, write_page_checksum=True
                )
        except (OSError, pa.ArrowException) as error:
            raise self.write_error(error) from error
        return path

    def mark(self) -> None:
        """Mark the folder as a store, before anything else is written, in case the process is killed."""
        if not self.is_store(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            write_text(self.folder / _MARK, _MARK_TEXT)

    def write_error(self, error: Exception) -> WorkbenchError:
        """Return the error to raise if the store cannot be written."""
        reason = why_not_written(error) if isinstance(error, OSError) else str(error)
        return WorkbenchError(
            f"the feature store {self.folder} cannot be written: {reason}. Its previous content is kept",
            Remedy.OTHER_STORE,
        )


class Block:
    """The rows of one kind and identity: a vector or a record of named values for each content hash.

    The folders `former`, written by earlier versions under other names of the kind, are read as well. New
    rows are written to `folder`.
    """

    def __init__(
        self, store: FeatureStore, folder: Path, identity: dict[str, Any], former: Sequence[Path] = ()
    ) -> None:
        self._store = store
        self._folder = folder
        self._identity = identity
        self._location: dict[str, tuple[Path, int]] = {}
        for part in [part for source in (folder, *former) for part in parts_of(source)]:
            table = readable_part(part, ["sha256"])
            if table is not None:
                self._index(part, table.column("sha256").to_pylist())

    def __contains__(self, sha256: str) -> bool:
        return sha256 in self._location

    def append_vectors(self, sha256s: Sequence[str], vectors: StorableVectors) -> None:
        """Add vectors, (n, d) float32 or float16; they are stored as they are and read as float32."""
        kind = pa.float16() if vectors.dtype == np.float16 else pa.float32()
        values = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel(), kind), vectors.shape[1])
        self._append(sha256s, {"values": values})

    def append_fields(self, sha256s: Sequence[str], fields: Mapping[str, Sequence[Any]]) -> None:
        """Add records of named values."""
        self._append(sha256s, {name: pa.array(list(values)) for name, values in fields.items()})

    def vectors(self, sha256s: Sequence[str]) -> Vectors:
        """Return the vectors of some contents, (n, d) float32.

        Raises
        ------
        KeyError
            If one is not in the block.
        """
        result: Vectors | None = None
        for part, targets, rows in self._by_part(sha256s):
            with _renaming_if_damaged(part):
                table = _read_part(part, ["values"], memory_map=True)
                values = table.column("values").combine_chunks()
                width = values.type.list_size
                matrix = values.flatten().to_numpy(zero_copy_only=False).reshape(-1, width)
                if result is None:
                    result = np.empty((len(sha256s), width), np.float32)
                result[targets] = matrix[rows]
        return result if result is not None else np.empty((0, 0), np.float32)

    def fields(self, sha256s: Sequence[str], names: Sequence[str]) -> list[tuple[Any, ...]]:
        """Return the named values of some contents, one tuple per content."""
        result: list[tuple[Any, ...]] = [()] * len(sha256s)
        for part, targets, rows in self._by_part(sha256s):
            with _renaming_if_damaged(part):
                table = _read_part(part, names)
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
                raise self._store.write_error(error) from error
        sweep(self._folder)
        table = pa.table({"sha256": pa.array(list(sha256s), pa.string()), **columns})
        part = self._store.write_part(self._folder, table, "none")
        self._index(part, sha256s)

    def _index(self, part: Path, sha256s: Iterable[str]) -> None:
        for row, sha256 in enumerate(sha256s):
            self._location.setdefault(sha256, (part, row))

    def _by_part(self, sha256s: Sequence[str]) -> Iterable[tuple[Path, list[int], list[int]]]:
        grouped: dict[Path, tuple[list[int], list[int]]] = {}
        for target, sha256 in enumerate(sha256s):
            part, row = self._location[sha256]
            targets, rows = grouped.setdefault(part, ([], []))
            targets.append(target)
            rows.append(row)
        return [(part, targets, rows) for part, (targets, rows) in grouped.items()]


def _kind_names(kind: str) -> list[str]:
    """Return the name of a kind, followed by its names in earlier versions."""
    return [kind, *(former for former, name in FORMER_NAMES.items() if name == kind)]


def _version(mark: Path) -> int:
    version = int(json.loads(read_regular(mark, _MOST_NOTE_BYTES))["format"])
    if version < 1:
        raise ValueError("formats start at 1")
    return version


def parts_of(folder: Path) -> list[Path]:
    """Return the parts in a folder of a store, in the order in which they were written."""
    return sorted(folder.glob("part-*.parquet"))


@contextmanager
def _renaming_if_damaged(part: Path) -> Iterator[None]:
    """Rename a part that turns out to be damaged, so that the next run computes its content again."""
    try:
        yield
    except (OSError, pa.ArrowException, ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        log.warning("%s in the feature store is damaged (%s)", part, error)
        with suppress(OSError):
            part.rename(part.with_name(f"damaged-{part.name}"))
        raise WorkbenchError(
            f"a file of the feature store is damaged and was renamed ({part}); its features will be computed "
            "again",
            Remedy.OPEN_AGAIN,
        ) from error


def _read_part(part: Path, columns: Sequence[str] | None = None, *, memory_map: bool = False) -> pa.Table:
    # `read_table` would load the package of data sets of many files, and takes twice as long for one.
    with pq.ParquetFile(part, memory_map=memory_map, page_checksum_verification=True) as file:
        table = file.read(None if columns is None else list(columns))
    missing = set(columns or ()) - set(table.column_names)
    if missing:
        raise KeyError(", ".join(sorted(missing)))
    return table


def readable_part(part: Path, columns: list[str] | None = None) -> pa.Table | None:
    """Return the columns of a part, by default all; None if it is damaged."""
    try:
        return _read_part(part, columns)
    except (OSError, pa.ArrowException, ValueError, KeyError) as error:
        log.warning("%s in the feature store is damaged; its features are computed again (%s)", part, error)
        return None
