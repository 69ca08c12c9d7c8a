"""Read image files, or pages of them, from folders that may change during reading."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

from defect_workbench.core.errors import Remedy, WorkbenchError
from defect_workbench.core.images.image_records import Rejection
from defect_workbench.core.safe_reading import NotRegularError, open_regular
from defect_workbench.engine.input.decode import decode
from defect_workbench.engine.input.formats.image_format import NotNow, Undecodable
from defect_workbench.engine.input.pixel_hash import pixel_hash
from defect_workbench.engine.input.scan import FoundFile
from defect_workbench.engine.input.tiff_pages import NoSuchPageError, read_page

MAX_FILE_BYTES = 1024**3
CHANGED = "it changed while the folder was being read"


def read_found(root: Path, file: FoundFile) -> bytes | Rejection:
    """Return the content of a scanned file, or the reason why it cannot be used.

    The content of a page is that page as a separate file.

    A file that changed since the scan is rejected: it is probably still being written, and its content would
    be stored under a wrong size and time.

    Raises
    ------
    WorkbenchError
        If the folder does not exist any more or can no longer be read.
    """
    try:
        with open_regular(root / file.file) as stream:
            before = os.fstat(stream.fileno())
            data = read_page(root / file.file, file.page) if file.page else stream.read(file.size + 1)
            after = os.fstat(stream.fileno())
    except NoSuchPageError as error:
        return Rejection(file.path, str(error))
    except NotRegularError:
        return Rejection(file.path, "not a regular file")
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM):
            raise WorkbenchError(f"{file.path} cannot be read: {error.strerror}") from error
        check_readable(root)
        return Rejection(file.path, f"it cannot be read: {error.strerror}")
    stamps = {(status.st_size, status.st_mtime_ns) for status in (before, after)}
    # Windows updates the listed times of files that are open elsewhere only later.
    scanned = before.st_mtime_ns if os.name == "nt" else file.mtime_ns
    # Another file of the same size and time may now have this name.
    replaced = os.name != "nt" and file.inode not in (-1, before.st_ino & (2**63 - 1))
    incomplete = not file.page and len(data) != file.size
    if stamps != {(file.size, scanned)} or incomplete or replaced:
        return Rejection(file.path, CHANGED)
    return data


def is_too_large(file: FoundFile) -> bool:
    """Whether a file is too large to be read at once; pages of large files are checked when they are read."""
    return not file.page and file.size > MAX_FILE_BYTES


def content_sha256(file: FoundFile, data: bytes) -> str:
    """Return what identifies the content of a file that was read: the SHA-256 of its bytes.

    For a page it is that of its pixels, as the bytes depend on how the file was written.
    """
    if file.page:
        try:
            image = decode(data, file.path)
            return pixel_hash(image.pixels if image.values is None else image.values)
        except (NotNow, Undecodable):
            pass  # reading the image will say why
    return hashlib.sha256(data).hexdigest()


def check_readable(root: Path) -> None:
    """Check that the folder itself can be read, as otherwise each of its files would be rejected.

    Raises
    ------
    WorkbenchError
        If it cannot be listed.
    """
    try:
        os.scandir(root).close()
    except OSError as error:
        raise WorkbenchError(
            f"the folder {root} can no longer be read ({error.strerror}); what was computed is kept",
            Remedy.CONTINUE,
        ) from error
