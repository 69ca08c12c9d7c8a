"""The outlines of an image's defects, as lines."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from defect_workbench.core.arrays import Flags, Integers, Vectors
from defect_workbench.core.safe_reading import open_regular
from defect_workbench.engine.input.decode import decode
from defect_workbench.engine.input.formats.image_format import Undecodable
from defect_workbench.engine.measurement.defects import find


def outlines_of(path: Path, info_bar: int, version: str) -> Vectors | None:
    """Return the outlines of the defects in a file, as they were measured; None if it cannot be read.

    Parameters
    ----------
    info_bar : int
        Rows at the bottom that are left out.
    version : str
        How the defects were measured, one of `defects.VERSIONS`.

    Returns
    -------
    (m, 4) float32
        As from `outline_lines`, relative to the image without its info bar.
    """
    try:
        with open_regular(path) as stream:
            pixels = decode(stream.read(), path.name).pixels
    except (OSError, Undecodable):
        return None
    pixels = pixels[: pixels.shape[0] - info_bar]
    finding = find(pixels, version)
    height, width = pixels.shape[:2]
    scale = np.array([finding.step / width, finding.step / height] * 2, np.float32)
    return np.asarray(outline_lines(finding.mask) * scale, np.float32)


def outline_lines(mask: Flags) -> Vectors:
    """Return the lines between the cells of a mask and the cells around them.

    Returns
    -------
    (m, 4) float32
        x1, y1, x2, y2 of each line, in cells; first the horizontal lines, then the vertical ones.
    """
    padded = np.pad(mask, 1)
    rows, left, right = _runs(padded[1:, 1:-1] != padded[:-1, 1:-1])
    columns, top, bottom = _runs((padded[1:-1, 1:] != padded[1:-1, :-1]).T)
    horizontal = np.column_stack([left, rows, right, rows])
    vertical = np.column_stack([columns, top, columns, bottom])
    return np.concatenate([horizontal, vertical]).astype(np.float32)


def _runs(edges: Flags) -> tuple[Integers, Integers, Integers]:
    """Return the row, the start and the end of each run of true values along the rows."""
    steps = np.diff(np.pad(edges.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    # In row-major order, so that each start is followed by its end.
    rows, starts = np.nonzero(steps == 1)
    _, ends = np.nonzero(steps == -1)
    return rows, starts, ends
