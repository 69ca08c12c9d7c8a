"""Outlines of defects, found in the background."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject

from defect_workbench.app.image_loading.newest_first import NewestFirst
from defect_workbench.core.arrays import Vectors

_NONE: Vectors = np.empty((0, 4), np.float32)


class OutlineLoader(NewestFirst):
    """Finds and caches the outlines of the defects of images."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__("thumbnails-outlines", _outlines, parent)

    def get(self, path: str, info_bar: int, version: str) -> Vectors | None:
        """Return the outlines in a file; None if they are not known yet.

        Parameters
        ----------
        info_bar : int
            Rows at the bottom that are left out.
        version : str
            How the defects were measured, one of `defects.VERSIONS`.

        Returns
        -------
        (m, 4) float32, or None
            Relative to the image without its info bar.
        """
        lines: Vectors | None = self.value((path, info_bar, version))
        return lines


def _outlines(key: tuple[str, int, str]) -> Vectors:
    # Here, as it loads SciPy: the window starts without.
    from defect_workbench.engine.measurement.outlines import outlines_of

    path, info_bar, version = key
    lines = outlines_of(Path(path), info_bar, version)
    return _NONE if lines is None else lines
