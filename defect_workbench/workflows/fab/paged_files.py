"""Whether files of several pages arrive, of which a watcher classifies only the first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from defect_workbench.engine.input.scan import FoundFile
from defect_workbench.engine.input.tiff_pages import has_page

# TIFF files that are opened whatever their size. Each costs another read from a share.
ALWAYS_OPENED = 256
_ENDINGS = (".tif", ".tiff")


class PagedFiles:
    """Finds the first file of several pages; after that, and after many of one page, it hardly reads."""

    def __init__(self) -> None:
        self._is_found = False
        self._opened = self._largest = 0

    def first(self, root: Path, files: Sequence[FoundFile]) -> str:
        """Return the first file of several pages the first time there is one, else an empty text."""
        for file in files:
            if self._is_found:
                break
            if not file.path.casefold().endswith(_ENDINGS):
                continue
            # A lot with thousands of defects is larger than every single image so far.
            if self._opened >= ALWAYS_OPENED and file.size <= self._largest:
                continue
            self._opened += 1
            self._is_found = has_page(root / file.path, 2)
            if self._is_found:
                return file.path
            self._largest = max(self._largest, file.size)
        return ""
