"""Atomic writing: a file is either complete or unchanged."""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_OLD_SECONDS = 24 * 3600
# Only this program uses this suffix, so it may delete such files.
DRAFT_SUFFIX = ".dwb.part"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary file beside `path` that replaces it if the block ends without an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sweep(path.parent, path.name)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-", suffix=DRAFT_SUFFIX)
    os.close(handle)
    draft = Path(name)
    try:
        yield draft
        umask = os.umask(0)
        os.umask(umask)
        draft.chmod(0o666 & ~umask)
        with draft.open("rb+") as stream:
            os.fsync(stream.fileno())
        os.replace(draft, path)
        sync_path(path.parent)
    finally:
        draft.unlink(missing_ok=True)


def is_draft(path: Path, name: str = "") -> bool:
    """Whether a file is a draft of `replacing`; with `name`, a draft of that file."""
    stem = re.escape(name) or ".+"
    return re.fullmatch(rf"\.{stem}-[a-z0-9_]{{8}}{re.escape(DRAFT_SUFFIX)}", path.name) is not None


def sweep(folder: Path, name: str = "") -> None:
    """Delete drafts of killed processes that are more than a day old."""
    try:
        for path in folder.glob(f".*{DRAFT_SUFFIX}"):
            if is_draft(path, name) and path.is_file() and time.time() - path.stat().st_mtime > _OLD_SECONDS:
                path.unlink(missing_ok=True)
    except OSError:
        return  # drafts do no harm


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically, in UTF-8 with line ends unchanged."""
    with replacing(path) as draft:
        draft.write_bytes(text.encode("utf-8"))


def sync_path(path: Path) -> None:
    """Put a file, or the renames in a folder, on the disk, where the system supports it.

    The file may be read-only.
    """
    if os.name != "posix":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
