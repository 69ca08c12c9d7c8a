"""The files that a watcher has read: their stamps, and the content of their last row in the manifest."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path

from defect_workbench.core.errors import InputError
from defect_workbench.storage.files.atomic import write_text
from defect_workbench.storage.files.csv_cells import plain_path, safe_path, table_text
from defect_workbench.storage.watching.appended_table import AppendedTable

FILE_COLUMNS = ("path", "size", "mtime_ns")
_UNREAD = -1
# Superseded rows of the table of stamps that are not worth writing it again.
_SPARE_ROWS = 1000


@dataclass(slots=True)
class _Known:
    size: int = _UNREAD
    mtime_ns: int = _UNREAD
    content: bytes = b""


class KnownFiles:
    """Size, time and hash of every file seen so far."""

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}

    def is_done(self, path: str, size: int, mtime_ns: int) -> bool:
        """Whether a file has not changed since it was read."""
        known = self._known.get(path)
        return known is not None and (known.size, known.mtime_ns) == (size, mtime_ns)

    def content(self, path: str) -> bytes:
        """Return the SHA-256 in the last row of a path; empty without a row."""
        known = self._known.get(path)
        return b"" if known is None else known.content

    def set_content(self, path: str, content: bytes) -> None:
        """Note a row of a path."""
        self._known.setdefault(path, _Known()).content = content

    def note(self, path: str, size: int, mtime_ns: int) -> Sequence[object]:
        """Note the stamp of a file that was read; return the row of the table of stamps."""
        known = self._known.setdefault(path, _Known())
        known.size, known.mtime_ns = size, mtime_ns
        return (safe_path(path), size, mtime_ns)

    def read_stamps(self, path: Path, rejected: Container[str]) -> AppendedTable:
        """Take over the stamps of earlier runs; return their table, to append to.

        The table only saves reading files again: what the manifest does not confirm is ignored, and a damaged
        table is begun again.

        Parameters
        ----------
        rejected : container of str
            Paths that need no row in the manifest.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        try:
            table, rows = AppendedTable(path, FILE_COLUMNS), 0
            for row in table.rows():
                rows += 1
                name = plain_path(row["path"])
                if name in self._known or name in rejected:
                    self.note(name, int(row["size"]), int(row["mtime_ns"]))
            if rows <= 2 * len(self._known) + _SPARE_ROWS:
                return table
        except (InputError, ValueError, FileNotFoundError):
            pass
        lines = (
            (safe_path(name), known.size, known.mtime_ns)
            for name, known in self._known.items()
            if known.size != _UNREAD
        )
        write_text(path, table_text(FILE_COLUMNS, lines))
        return AppendedTable(path, FILE_COLUMNS)
