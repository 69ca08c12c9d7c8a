"""Files of another folder that belong to an image: the same relative path, or the same file name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

_PAGE = re.compile(r"(.*[^/])(#[1-9]\d*)", re.DOTALL)


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
            below = without_extension(each)
            for names, name in ((self._stems, PurePosixPath(below).name), (self._below, below)):
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
        if not PurePosixPath(path).name:
            return None
        shorter = without_extension(path)
        if shorter in self._paths:
            return shorter
        found = self._below.get(shorter) or self._stems.get(PurePosixPath(shorter).name)
        if found is None and _PAGE.fullmatch(shorter) is not None:
            # The boxes of a page may be in `lot.tif#3.xml`.
            found = self._stems.get(PurePosixPath(without_extension(shorter)).name)
        return found


def without_extension(path: str) -> str:
    """Return a path without the extension of its file; a page keeps its number: `lot#3` for `lot.tif#3`."""
    found = _PAGE.fullmatch(path)
    if found is not None:
        return str(PurePosixPath(found[1]).with_suffix("")) + found[2]
    return str(PurePosixPath(path).with_suffix(""))
