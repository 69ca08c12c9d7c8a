"""Safe reading of files that others may change meanwhile, and descriptions of system errors."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from io import BufferedReader
from pathlib import Path, PurePosixPath, PureWindowsPath

_FULL = {errno.ENOSPC: "the disk is full", errno.EDQUOT: "the disk quota is used up"} | {
    errno.EFBIG: "the file would be larger than the disk or a limit of the system allows",
    errno.EROFS: "the disk is read-only",
}


class NotRegularError(OSError):
    """The path is a folder, a pipe, a socket or a device."""


class TooLargeError(OSError):
    """The file is larger than a file of its kind can be."""


def open_regular(path: Path) -> BufferedReader:
    """Open a regular file for reading, without ever blocking.

    Opening a named pipe would otherwise block until another process writes to it.

    Raises
    ------
    NotRegularError
        If it is not a regular file.
    OSError
        If it cannot be opened.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(path, flags | getattr(os, "O_CLOEXEC", 0))
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise NotRegularError(errno.EINVAL, "not a regular file", str(path))
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def read_regular(path: Path, limit: int) -> bytes:
    """Return the content of a file of at most `limit` bytes; never blocks and never exhausts memory.

    Raises
    ------
    NotRegularError
        If it is not a regular file.
    TooLargeError
        If it is larger.
    OSError
        If it cannot be read.
    """
    with open_regular(path) as stream:
        # The size is checked before anything is read.
        data = stream.read(limit + 1) if os.fstat(stream.fileno()).st_size <= limit else b""
        if len(data) > limit or os.fstat(stream.fileno()).st_size > limit:
            raise TooLargeError(errno.EFBIG, f"it is larger than {limit / 1e6:,.0f} MB", str(path))
    return data


def file_digest(path: Path, algorithm: str = "sha256") -> str:
    """Return the hexadecimal digest of the content of a regular file.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    with open_regular(path) as stream:
        return hashlib.file_digest(stream, algorithm).hexdigest()


def is_inside(path: str) -> bool:
    """Whether a relative path with '/' as separator stays below the folder it belongs to.

    False for empty and absolute paths, '.' and '..' parts, NUL, and drives or shares on Windows.
    """
    if not path or "\0" in path or path.startswith("/"):
        return False
    if any(part in ("", ".", "..") for part in path.split("/")):
        return False
    if os.name == "nt":
        windows = PureWindowsPath(path)
        return not windows.anchor and ".." not in windows.parts
    return not PurePosixPath(path).is_absolute()


def is_full(error: OSError) -> bool:
    """Whether the cause is a full disk, a quota or a size limit."""
    return error.errno in _FULL and error.errno != errno.EROFS


def why_not_written(error: OSError) -> str:
    """Return why a file could not be written, as text."""
    if isinstance(error, BrokenPipeError):
        return "the program that reads the output has ended"
    if isinstance(error, TooLargeError):
        return str(error.strerror)
    return _FULL.get(error.errno or 0, error.strerror or str(error))
