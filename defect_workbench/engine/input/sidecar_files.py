"""Sidecar files of images; each folder is listed once."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from threading import Lock

from defect_workbench.core.images.instrument import InstrumentMetadata
from defect_workbench.engine.input.metadata_values import SIDE_LIMIT
from defect_workbench.engine.input.sidecars.registry import SIDECAR_FORMATS, parse_side_text


class SidecarFiles:
    """The sidecar files in a folder, by the path of their image.

    A sidecar file belongs to a path, not to a content: a copy of an image may have none. The class is
    thread-safe.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folders: dict[str, dict[str, str]] = {}
        self._known: dict[str, InstrumentMetadata | None] = {}
        self._lock = Lock()

    def facts(self, path: str) -> InstrumentMetadata | None:
        """Return the metadata in the sidecar file of an image; None if there is none."""
        with self._lock:
            if path not in self._known:
                self._known[path] = self._read(path)
            return self._known[path]

    def pixel_size(self, path: str) -> float | None:
        """Return the pixel size from the sidecar file, in nm; None if it has none."""
        metadata = self.facts(path)
        return None if metadata is None else metadata.pixel_size_nm

    def _read(self, path: str) -> InstrumentMetadata | None:
        pure = PurePosixPath(path)
        folder = str(pure.parent)
        if folder not in self._folders:
            self._folders[folder] = self._texts(folder)
        known = self._folders[folder]
        candidates = dict.fromkeys(
            name for entry in SIDECAR_FORMATS for name in entry.names_for(pure.stem, pure.suffix[1:])
        )
        found = (self._parsed(f"{folder}/{known[name]}") for name in candidates if name in known)
        return next((each for each in found if each is not None), None)

    def _parsed(self, path: str) -> InstrumentMetadata | None:
        try:
            with open(self._root / path, "rb") as stream:
                data = stream.read(SIDE_LIMIT + 1)
        except OSError:
            return None
        extension = os.path.splitext(path)[1].lower()
        return None if len(data) > SIDE_LIMIT else parse_side_text(data, extension)

    def _texts(self, folder: str) -> dict[str, str]:
        """Return the names of files that may be sidecar files, by name with the extension in lower case."""
        extensions = {entry.extension for entry in SIDECAR_FORMATS}
        names = {}
        try:
            with os.scandir(self._root / folder) as entries:
                for entry in entries:
                    stem, extension = os.path.splitext(entry.name)
                    # Reading a pipe with such a name would block forever.
                    if extension.lower() in extensions and entry.is_file():
                        names[stem + extension.lower()] = entry.name
        except OSError:
            return {}
        return names
