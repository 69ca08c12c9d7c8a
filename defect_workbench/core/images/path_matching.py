"""Files of another folder that belong to an image: the same relative path, or the same file name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath


class PathMatcher:
    """Finds the file that belongs to an image.

    Parameters
    ----------
    paths : iterable of str
        Of the files of the other folder, relative to it, with '/' as separator.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = set(paths)
        self._stems: dict[str, str | None] = {}
        self._below: dict[str, str | None] = {}
        for each in sorted(self._paths):
            path = PurePosixPath(each)
            for names, name in ((self._stems, path.stem), (self._below, str(path.with_suffix("")))):
                # Of two candidates neither is the right one.
                names[name] = None if name in names else each

    def of(self, path: str) -> str | None:
        """Return the path of the file of an image; None if it is missing.

        It has the same relative path, the same one without a further extension (`a.png.txt` belongs to
        `a.png`), the same one but for the extension, or else the same file name without extension anywhere in
        the folder, if only one file has it.
        """
        if path in self._paths:
            return path
        pure = PurePosixPath(path)
        if not pure.name:
            return None
        shorter = str(pure.with_suffix(""))
        if shorter in self._paths:
            return shorter
        return self._below.get(shorter) or self._stems.get(pure.stem)
