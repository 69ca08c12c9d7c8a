"""Files that belong together: all are on the disk before the first one appears under its name.

Between the first and the last name a process can still be killed. A note beside the main file, the last
to appear, says what was under way; the next try into the same place removes what is of no use alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.safe_reading import file_digest, read_regular, why_not_written
from defect_workbench.storage.files.atomic import DRAFT_SUFFIX, sweep, sync_folder, write_text

_MOST_NOTE_BYTES = 1 << 16


def publish(main: Path, files: Mapping[Path, bytes]) -> None:
    """Write new files, all of them or none.

    Parameters
    ----------
    main : Path
        The one without which the others mean nothing; it appears last.
    files : mapping of Path to bytes
        Its content is among them.

    Raises
    ------
    WorkbenchError
        If one cannot be written or is there already; then none is.
    """
    ordered = sorted(files, key=lambda path: path == main)
    writing, made = main, []
    try:
        with ExitStack() as drafts:
            ready = {}
            for writing in ordered:
                ready[writing] = _draft(writing, files[writing], drafts)
            writing = main
            note = {str(path.absolute()): hashlib.sha256(files[path]).hexdigest() for path in ordered}
            write_text(_note(main), json.dumps(note))
            try:
                for writing in ordered:
                    if os.path.lexists(writing):
                        raise FileExistsError(0, "another file came to be there meanwhile")
                    os.replace(ready[writing], writing)
                    made.append(writing)
                for folder in {path.parent for path in ordered}:
                    sync_folder(folder)
            except BaseException:
                for path in made:
                    path.unlink(missing_ok=True)
                raise
            finally:
                _note(main).unlink(missing_ok=True)
    except OSError as error:
        raise WorkbenchError(
            f"{writing} cannot be written: {why_not_written(error)}; nothing was written"
        ) from error


def clear_unfinished(main: Path, others: Sequence[Path]) -> None:
    """Remove what a killed `publish` left under these names, if the main file never appeared.

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


def _draft(path: Path, data: bytes, drafts: ExitStack) -> Path:
    """The content under a hidden name in the folder it belongs to, safely on the disk."""
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
