"""Publishes files that belong together: all are on the disk before the first one gets its name.

The process can still be killed between the first rename and the last. A note beside the main file, which is
renamed last, lists the files; the next attempt at the same place removes those that are useless alone.
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
from defect_workbench.storage.files.atomic import DRAFT_SUFFIX, sweep, sync_folder, write_text

_MOST_NOTE_BYTES = 1 << 16


def publish(main: Path, files: Mapping[Path, bytes], *, replace: bool = False) -> None:
    """Write files, all of them or none.

    Parameters
    ----------
    main : Path
        The one without which the others are useless; it is renamed last.
    files : mapping of Path to bytes
        Its content is among them.
    replace : bool
        Whether files of these names may be replaced.

    Raises
    ------
    WorkbenchError
        If one cannot be written or exists already; then none is, and what was to be replaced is as before.
    """
    ordered = sorted(files, key=lambda path: path == main)
    writing, made = main, []
    earlier: dict[Path, Path] = {}
    try:
        with ExitStack() as drafts:
            ready = {}
            for writing in ordered:
                ready[writing] = _draft(writing, files[writing], drafts)
                if replace and os.path.lexists(writing):
                    earlier[writing] = _second_name(writing, drafts)
            writing = main
            note = {str(path.absolute()): hashlib.sha256(files[path]).hexdigest() for path in ordered}
            write_text(_note(main), json.dumps(note))
            try:
                for writing in ordered:
                    if not replace and os.path.lexists(writing):
                        raise FileExistsError(0, "another file was created there in the meantime")
                    os.replace(ready[writing], writing)
                    made.append(writing)
                for folder in {path.parent for path in ordered}:
                    sync_folder(folder)
            except BaseException:
                for path in made:
                    if path in earlier:
                        os.replace(earlier[path], path)
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
    """Remove what a killed `publish` left under these names, if the main file is missing.

    Only files with exactly the content that was to be published are removed.
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


def _second_name(path: Path, drafts: ExitStack) -> Path:
    """A file under a hidden name, too, so that it can be put back once it is replaced."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-", suffix=DRAFT_SUFFIX)
    os.close(handle)
    second = Path(name)
    drafts.callback(second.unlink, missing_ok=True)
    second.unlink()
    try:
        os.link(path, second, follow_symlinks=False)
    except OSError:  # a file system without hard links
        shutil.copy2(path, second, follow_symlinks=False)
    return second


def _draft(path: Path, data: bytes, drafts: ExitStack) -> Path:
    """Write the content under a hidden name in its folder, and make sure that it is on the disk."""
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
