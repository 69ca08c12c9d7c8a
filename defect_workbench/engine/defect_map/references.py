"""Golden references of the images of a set: files of the same name in another folder."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from defect_workbench.engine.input.scan import Listing


class References:
    """Finds the reference of an image.

    Parameters
    ----------
    listing : Listing
        The files of the folder of references.
    """

    def __init__(self, listing: Listing) -> None:
        self.root: Path = listing.root
        self._paths = {file.path for file in listing.files}
        self._stems: dict[str, str | None] = {}
        self._below: dict[str, str | None] = {}
        for file in listing.files:
            path = PurePosixPath(file.path)
            for names, name in ((self._stems, path.stem), (self._below, str(path.with_suffix("")))):
                # Of two candidates neither is the right one.
                names[name] = None if name in names else file.path

    def of(self, path: str) -> str | None:
        """Return the path of the reference of an image, relative to `root`; None if it is missing.

        It has the same relative path, the same one but for the extension, or else the same file name
        without extension anywhere in the folder, if only one file has it.
        """
        if path in self._paths:
            return path
        pure = PurePosixPath(path)
        return self._below.get(str(pure.with_suffix(""))) or self._stems.get(pure.stem)
