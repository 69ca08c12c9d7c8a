"""Images on their way into a growing result.

They are completed in a hidden folder of the result before their rows are appended to the manifest, and moved
to their labels afterwards. So the manifest alone says which of them belong to the result: after a kill, those
with a row are moved and the others are deleted.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Container
from contextlib import suppress
from pathlib import Path

from defect_workbench.core.errors import Remedy, WorkbenchError
from defect_workbench.core.safe_reading import file_digest, is_inside
from defect_workbench.storage.files.atomic import sync_path
from defect_workbench.storage.result.export_options import Mode
from defect_workbench.storage.result.image_placing import transfer

_NO_LINKS = (errno.EXDEV, errno.EPERM, errno.ENOTSUP, errno.EMLINK)


class SourceChanged(Exception):
    """A file has other content than when it was classified, or cannot be read any more."""


class StagedImages:
    """The hidden folder of a result.

    Parameters
    ----------
    out : Path
        The result.
    folder : Path
        The hidden folder, on the same disk.
    """

    def __init__(self, out: Path, folder: Path) -> None:
        self._out, self._folder = out, folder

    def put(self, source: Path, sha256: str, exported_as: str, mode: Mode) -> None:
        """Complete an image in the hidden folder.

        Raises
        ------
        SourceChanged
            If the file changed since it was classified.
        WorkbenchError
            If links are not possible there.
        OSError
            If the result cannot be written.
        """
        staged = self._folder / exported_as
        staged.parent.mkdir(parents=True, exist_ok=True)
        staged.unlink(missing_ok=True)
        try:
            transfer(mode, source, staged)
            digest = file_digest(staged)
        except OSError as error:
            staged.unlink(missing_ok=True)
            if mode is not Mode.COPY and error.errno in _NO_LINKS:
                kind = "hard" if mode is Mode.HARDLINK else "symbolic"
                raise WorkbenchError(
                    f"{kind} links are not possible in {self._out}", Remedy.COPY_MODE
                ) from error
            if not _is_readable(source):
                raise SourceChanged from error
            raise
        if digest != sha256:
            staged.unlink(missing_ok=True)
            raise SourceChanged
        if mode is Mode.COPY:
            sync_path(staged)

    def drop(self, exported_as: str) -> None:
        """Delete an image that is not to be added."""
        (self._folder / exported_as).unlink(missing_ok=True)

    def move(self, exported_as: str) -> None:
        """Move an image to its label; it may already be there.

        Raises
        ------
        OSError
            If it cannot be moved.
        """
        staged, target = self._folder / exported_as, self._out / exported_as
        if not os.path.lexists(staged):
            return
        target.parent.mkdir(exist_ok=True)
        os.replace(staged, target)
        with suppress(OSError):
            sync_path(target.parent)

    def recover(self, in_manifest: Container[str]) -> None:
        """Move the images that have a row and delete all others, after a kill.

        Parameters
        ----------
        in_manifest : container of str
            The `exported_as` of the rows.

        Raises
        ------
        OSError
            If it cannot be done now.
        """
        for path in _files_below(self._folder):
            relative = path.relative_to(self._folder).as_posix()
            target = self._out / relative
            if is_inside(relative) and relative in in_manifest and not os.path.lexists(target):
                self.move(relative)
            else:
                path.unlink()
        shutil.rmtree(self._folder, ignore_errors=True)


def _is_readable(path: Path) -> bool:
    try:
        with open(path, "rb") as stream:
            stream.read(1)
    except OSError:
        return False
    return True


def _files_below(folder: Path) -> list[Path]:
    return [Path(parent) / name for parent, _, names in os.walk(folder) for name in names]
