"""Golden references of the images of a set: named by an inspection file, or of the same name elsewhere."""

from __future__ import annotations

from pathlib import Path

from defect_workbench.core.images.path_matching import PathMatcher
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
        self._named = listing.reference_of
        self._paths = PathMatcher(() if self._named else (file.path for file in listing.files))

    def of(self, path: str) -> str | None:
        """Return the path of the reference of an image, relative to `root`; None if it is missing."""
        return self._named[path] if path in self._named else self._paths.of(path)
