"""Sidecar files of images, found with one listing per folder."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from threading import Lock

from defect_workbench.core.images.instrument import InstrumentMetadata
from defect_workbench.engine.input.instrument_metadata import SIDE_LIMIT, parse_side_text


class SidecarFiles:
    """The `.txt` files below a folder, by the path of the image they belong to.

    They belong to a path, not to its content: a copy of an image without its sidecar file has none.
    Several threads may use it.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folders: dict[str, dict[str, str]] = {}
        self._known: dict[str, InstrumentMetadata | None] = {}
        self._lock = Lock()

    def facts(self, path: str) -> InstrumentMetadata | None:
        """The metadata in the sidecar file of an image; None without one."""
        with self._lock:
            if path not in self._known:
                self._known[path] = self._read(path)
            return self._known[path]

    def pixel_size(self, path: str) -> float | None:
        """Pixel size in nanometres from the sidecar file; None if it does not say."""
        found = self.facts(path)
        return None if found is None else found.pixel_size_nm

    def _read(self, path: str) -> InstrumentMetadata | None:
        pure = PurePosixPath(path)
        folder = str(pure.parent)
        if folder not in self._folders:
            self._folders[folder] = self._texts(folder)
        name = self._folders[folder].get(pure.stem)
        if name is None:
            return None
        try:
            with open(self._root / folder / name, "rb") as stream:
                data = stream.read(SIDE_LIMIT + 1)
        except OSError:
            return None
        return None if len(data) > SIDE_LIMIT else parse_side_text(data)

    def _texts(self, folder: str) -> dict[str, str]:
        found = {}
        try:
            with os.scandir(self._root / folder) as entries:
                for entry in entries:
                    stem, extension = os.path.splitext(entry.name)
                    # Reading a pipe with such a name would block for ever.
                    if extension.lower() == ".txt" and entry.is_file():
                        found[stem] = entry.name
        except OSError:
            return {}
        return found
