"""Standard streams whose errors do not stop a job: closed, broken, full, or with a limited encoding.

Characters that cannot be encoded are escaped. After its first error, which is kept, a stream is no longer
written to.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Buffer  # type: ignore[attr-defined, unused-ignore] # since Python 3.12


class _RobustRaw(io.RawIOBase):
    """The raw part of a stream; after its first error it accepts everything and writes nothing."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self.failure: OSError | None = None

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        number: int = self._raw.fileno()
        return number

    def isatty(self) -> bool:
        return bool(self._raw.isatty())

    def write(self, data: Buffer, /) -> int:
        size = memoryview(data).nbytes
        if self.failure is not None:
            return size
        try:
            written: int | None = self._raw.write(data)
            while written is None:  # set to non-blocking by another process: wait for the reader
                import select

                select.select([], [self.fileno()], [])
                written = self._raw.write(data)
        except OSError as error:
            self.failure = error
            return size
        return written


@contextmanager
def robust_streams() -> Iterator[None]:
    """Keep the standard streams usable during the block, then flush and restore them.

    Raises
    ------
    OSError
        After the block, if standard output could not be written completely.
    """
    _reopen_closed()
    before = sys.stdout, sys.stderr
    sys.stdout, output = _robust(before[0], 1)
    sys.stderr, _ = _robust(before[1], 2)
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        sys.stdout = before[0] or sys.stdout
        if output is None or output.failure is None:
            sys.stderr = before[1] or sys.stderr
    if output is not None and output.failure is not None:
        try:
            raise output.failure
        finally:
            sys.stderr = before[1] or sys.stderr


def _reopen_closed() -> None:
    """Connect closed streams to the null device; else the next file opened would become standard output."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _robust(stream: TextIO | None, number: int) -> tuple[TextIO, _RobustRaw | None]:
    if stream is None:
        return open(os.devnull, "w", encoding="utf-8"), None
    buffer = getattr(stream, "buffer", None)
    raw = getattr(buffer, "raw", buffer)
    if not isinstance(raw, io.RawIOBase) or isinstance(raw, _RobustRaw):
        return stream, None  # replaced by a test or a notebook, which manages it
    stream.flush()
    robust = _RobustRaw(raw)
    text = io.TextIOWrapper(
        io.BufferedWriter(robust),
        encoding=stream.encoding,
        errors="backslashreplace",
        line_buffering=number == 2 or stream.isatty() or bool(getattr(stream, "write_through", False)),
    )
    return text, robust
