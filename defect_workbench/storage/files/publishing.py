"""Publishing of files that belong together: all are on the disk before the first one is renamed.

The process can still be killed between the first and the last rename. Therefore the main file is renamed
last, and a note beside it lists all files, so that the next attempt can remove those of an unfinished one.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.safe_reading import file_digest, read_regular, why_not_written
from defect_workbench.storage.files.atomic import DRAFT_SUFFIX, sweep, sync_path, write_text

_MOST_NOTE_BYTES = 1 << 16


def publish(main: Path, files: Mapping[Path, bytes], *, replace: bool = False) -> None:
    """Write several files, either all or none.

    Parameters
    ----------
    main : Path
        The file without which the others are useless; it is renamed last.
    files : mapping of Path to bytes
        The content of each file, the main file included.
    replace : bool
        Whether existing files may be replaced.

    Raises
    ------
    WorkbenchError
        If a file cannot be written or already exists. No file is written or replaced then.
    """
    ordered = sorted(files, key=lambda path: path == main)
    writing, renamed = main, []
    backups: dict[Path, Path] = {}
    try:
        with ExitStack() as drafts:
            written = {}
            for writing in ordered:
                written[writing] = _draft(writing, files[writing], drafts)
                if replace and os.path.lexists(writing):
                    backups[writing] = _backup(writing, drafts)
            writing = main
            note = {str(path.absolute()): hashlib.sha256(files[path]).hexdigest() for path in ordered}
            write_text(_note(main), json.dumps(note))
            try:
                for writing in ordered:
                    if not replace and os.path.lexists(writing):
                        raise FileExistsError(0, "another file was created there in the meantime")
                    os.replace(written[writing], writing)
                    renamed.append(writing)
                for folder in {path.parent for path in ordered}:
                    sync_path(folder)
            except BaseException:
                for path in renamed:
                    if path in backups:
                        os.replace(backups[path], path)
                    else:
                        path.unlink(missing_ok=True)
                raise
            finally:
                _note(main).unlink(missing_ok=True)
    except OSError as error:
        raise WorkbenchError(
            f"{writing} cannot be written: {why_not_written(error)}; nothing was written"
        ) from error


def clear_unfinished(main: Path, others: Sequence[Path]) -> None:
    """Remove these files if a killed `publish` left them without the main file.

    Only files whose content is exactly what was to be published are removed.
    """
    try:
        note = json.loads(read_regular(_note(main), _MOST_NOTE_BYTES))
    except (OSError, ValueError, RecursionError):
        return
    if not isinstance(note, dict):
        return
    with suppress(OSError):
        if not os.path.lexists(main):
            for path in others:
                digest = note.get(str(path.absolute()))
                if (
                    digest is not None
                    and path.is_file()
                    and not path.is_symlink()
                    and file_digest(path) == digest
                ):
                    path.unlink()
        _note(main).unlink(missing_ok=True)


def _note(main: Path) -> Path:
    return main.with_name(f".{main.name}.dwb-publishing")


def _backup(path: Path, drafts: ExitStack) -> Path:
    """Return a hidden hard link to a file (or a copy), from which it can be restored."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-", suffix=DRAFT_SUFFIX)
    os.close(handle)
    backup = Path(name)
    drafts.callback(backup.unlink, missing_ok=True)
    backup.unlink()
    try:
        os.link(path, backup, follow_symlinks=False)
    except OSError:  # a file system without hard links
        shutil.copy2(path, backup, follow_symlinks=False)
    return backup


def _draft(path: Path, data: bytes, drafts: ExitStack) -> Path:
    """Write and sync the content under a hidden name in the folder of the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    sweep(path.parent, path.name)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-", suffix=DRAFT_SUFFIX)
    draft = Path(name)
    drafts.callback(draft.unlink, missing_ok=True)
    with os.fdopen(handle, "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    umask = os.umask(0)
    os.umask(umask)
    draft.chmod(0o666 & ~umask)
    return draft
