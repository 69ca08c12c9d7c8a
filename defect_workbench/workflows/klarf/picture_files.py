"""Find the picture files that a KLARF names: their paths are often those of the inspection tool."""

from __future__ import annotations

import os
from pathlib import Path

from defect_workbench.core.safe_reading import is_inside

# A file of pages often has the name of the KLARF.
_PAGED = (".tif", ".tiff", ".i01")


class PictureFiles:
    """The files beside a KLARF and below its folder.

    Parameters
    ----------
    klarf : Path
        The inspection file.
    """

    def __init__(self, klarf: Path) -> None:
        self._folder = klarf.parent
        self._stem = klarf.name.rpartition(".")[0] or klarf.name
        self._beside = {name.casefold(): name for name in sorted(_names(self._folder), reverse=True)}
        self._below: dict[str, str | None] | None = None
        self._known: dict[str, str | None] = {}

    def find(self, name: str) -> str | None:
        """Return the path of a file relative to the folder of the KLARF; None if there is none.

        Parameters
        ----------
        name : str
            As the KLARF names it: a path of Windows or Unix, of which perhaps only the last part is right;
            empty for the file with the stem of the KLARF.
        """
        if name not in self._known:
            self._known[name] = self._search(name)
        return self._known[name]

    def _search(self, name: str) -> str | None:
        path = name.strip().replace("\\", "/")
        if not path:
            return self._same_stem()
        if is_inside(path) and (self._folder / path).is_file():
            return path
        last = path.rpartition("/")[2].casefold()
        if last in self._beside:
            return self._beside[last]
        found = self._anywhere_below().get(last)
        if found is None and last.endswith(_PAGED):
            return self._same_stem()
        return found

    def _same_stem(self) -> str | None:
        for extension in _PAGED:
            found = self._beside.get((self._stem + extension).casefold())
            if found is not None:
                return found
        return None

    def _anywhere_below(self) -> dict[str, str | None]:
        """Return the files in subfolders by name; None for names that several have."""
        if self._below is None:
            below: dict[str, str | None] = {}
            for parent, _, names in os.walk(self._folder):
                for each in names:
                    path = (Path(parent) / each).relative_to(self._folder).as_posix()
                    below[each.casefold()] = None if each.casefold() in below else path
            self._below = below
        return self._below


def _names(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries if entry.is_file()]
    except OSError:
        return []
