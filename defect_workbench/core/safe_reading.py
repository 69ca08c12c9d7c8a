"""Reading files that others may be changing, and the words for what went wrong."""

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
    """The file is larger than anything of its kind."""


def open_regular(path: Path) -> BufferedReader:
    """Open a file for reading; never waits, whatever the path has become meanwhile.

    A named pipe would otherwise block until somebody writes into it.

    Raises
    ------
    NotRegularError
        If it is no regular file.
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


def read_regular(path: Path, most: int) -> bytes:
    """The content of a file of at most `most` bytes; never blocks and never exhausts memory.

    Raises
    ------
    NotRegularError
        If it is no regular file.
    TooLargeError
        If it is larger.
    OSError
        If it cannot be read.
    """
    with open_regular(path) as stream:
        # The size first: a file of a terabyte is refused without a byte of it being read.
        data = stream.read(most + 1) if os.fstat(stream.fileno()).st_size <= most else b""
        if len(data) > most or os.fstat(stream.fileno()).st_size > most:
            raise TooLargeError(errno.EFBIG, f"it is larger than {most / 1e6:,.0f} MB", str(path))
    return data


def file_digest(path: Path, algorithm: str = "sha256") -> str:
    """Hexadecimal digest of the content of a regular file.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    with open_regular(path) as stream:
        return hashlib.file_digest(stream, algorithm).hexdigest()


def is_inside(path: str) -> bool:
    """Whether a relative path with '/' as separator stays below the folder it belongs to.

    Refuses empty and absolute paths, '.' and '..' parts, NUL, and what Windows takes for a drive or a
    share.
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
    """Whether it is about a disk, a quota or a limit that takes no more."""
    return error.errno in _FULL and error.errno != errno.EROFS


def why_not_written(error: OSError) -> str:
    """Why a file could not be written, in words."""
    if isinstance(error, BrokenPipeError):
        return "nobody reads the pipe any more"
    if isinstance(error, TooLargeError):
        return str(error.strerror)
    return _FULL.get(error.errno or 0, error.strerror or str(error))
