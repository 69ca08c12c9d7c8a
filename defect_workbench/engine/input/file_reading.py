"""Reads image files from folders that may be changing."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.images.image_records import Rejection
from defect_workbench.core.safe_reading import NotRegularError, open_regular
from defect_workbench.engine.input.scan import FoundFile

CHANGED = "it changed while the folder was being read; run again to use it"


def read_found(root: Path, file: FoundFile) -> bytes | Rejection:
    """The content of a scanned file, or why it cannot be used.

    A file that changed since the scan is refused: it is probably still being written, and its content
    would be stored under a size and time that are not its own.

    Raises
    ------
    WorkbenchError
        If the whole folder is gone or can no longer be read.
    """
    try:
        with open_regular(root / file.path) as stream:
            before = os.fstat(stream.fileno())
            data = stream.read(file.size + 1)
            after = os.fstat(stream.fileno())
    except NotRegularError:
        return Rejection(file.path, "not a regular file")
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM):
            raise WorkbenchError(f"{file.path} cannot be read: {error.strerror}") from error
        check_there(root)
        return Rejection(file.path, f"it cannot be read: {error.strerror}")
    stamps = {(status.st_size, status.st_mtime_ns) for status in (before, after)}
    # Windows lists times of files that are open elsewhere late.
    scanned = before.st_mtime_ns if os.name == "nt" else file.mtime_ns
    # Another file with the same size and time may have this name now.
    other = os.name != "nt" and file.inode not in (-1, before.st_ino & (2**63 - 1))
    if stamps != {(file.size, scanned)} or len(data) != file.size or other:
        return Rejection(file.path, CHANGED)
    return data


def check_there(root: Path) -> None:
    """Stop where the folder itself is gone, as each of its files would look unreadable.

    Raises
    ------
    WorkbenchError
        If it cannot be listed.
    """
    try:
        os.scandir(root).close()
    except OSError as error:
        raise WorkbenchError(
            f"the folder {root} can no longer be read ({error.strerror}); what was computed by then is kept. "
            "Run again when it is back"
        ) from error
