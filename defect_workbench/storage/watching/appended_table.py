"""A CSV file that only grows. After a kill it has complete rows only, once it was opened again."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from defect_workbench.core.errors import InputError, WorkbenchError
from defect_workbench.core.safe_reading import open_regular
from defect_workbench.storage.files.csv_cells import row_text

_BLOCK = 1 << 20


class ChangedByOthers(WorkbenchError):
    """Another program changed the file."""


class AppendedTable:
    """The rows of a file.

    Parameters
    ----------
    path : Path
        An existing file.
    columns : sequence of str
        Its columns, as its first row has them.

    Raises
    ------
    InputError
        If it has other columns.
    OSError
        If it cannot be read or written.
    """

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self.path = path
        self._columns = tuple(columns)
        self._size = _complete_size(path)
        self._torn = os.path.getsize(path) > self._size
        if self._torn:
            self._cut()
        with self._reading() as text:
            if next(csv.reader(text), None) != list(self._columns):
                raise InputError(f"{path} has other columns than this version writes; nothing was changed")

    def rows(self) -> Iterator[dict[str, str]]:
        """Yield the rows, as they are in the file.

        Raises
        ------
        InputError
            If a row has a wrong number of cells.
        """
        with self._reading() as text:
            reader = csv.reader(text)
            next(reader)
            try:
                for row in reader:
                    if len(row) != len(self._columns):
                        raise ValueError("a row has a wrong number of cells")
                    yield dict(zip(self._columns, row, strict=True))
            except (ValueError, csv.Error) as error:
                raise InputError(f"{self.path} is damaged ({error}); nothing was changed") from error

    def append(self, lines: Sequence[Sequence[object]]) -> None:
        """Append rows; cells must be safe (see `csv_cells`). After an error none of them is there.

        Raises
        ------
        ChangedByOthers
            If the file was changed since.
        OSError
            If it cannot be written.
        """
        if not lines:
            return
        data = "".join(row_text(line) for line in lines).encode("utf-8")
        if self._torn:
            self._cut()
        handle = os.open(self.path, os.O_RDWR | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0))
        try:
            if os.fstat(handle).st_size != self._size:
                raise ChangedByOthers(
                    f"{self.path} was changed by another program, so nothing is added to it any more"
                )
            # Until all is on the disk, whatever is there is to be removed.
            self._torn = True
            os.lseek(handle, self._size, os.SEEK_SET)
            left = memoryview(data)
            while left:
                left = left[os.write(handle, left) :]
            os.fsync(handle)
        except OSError:
            os.ftruncate(handle, self._size)
            self._torn = False
            raise
        finally:
            os.close(handle)
        self._torn = False
        self._size += len(data)

    def _cut(self) -> None:
        """Remove what was not completed."""
        handle = os.open(self.path, os.O_RDWR | getattr(os, "O_BINARY", 0))
        try:
            os.ftruncate(handle, self._size)
            os.fsync(handle)
        finally:
            os.close(handle)
        self._torn = False

    def _reading(self) -> io.TextIOWrapper:
        return io.TextIOWrapper(open_regular(self.path), "utf-8", newline="", errors="strict")


def _complete_size(path: Path) -> int:
    """Return the size of the complete rows: up to the last line end outside quotes."""
    size = position = quotes = 0
    with open_regular(path) as stream:
        while block := stream.read(_BLOCK):
            for line in block.splitlines(keepends=True):
                quotes += line.count(b'"')
                position += len(line)
                if line.endswith(b"\n") and quotes % 2 == 0:
                    size = position
    return size
