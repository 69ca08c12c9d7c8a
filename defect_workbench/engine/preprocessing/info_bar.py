"""Detection of the info bar that microscopes write at the bottom of their images.

A bar has a uniform background across the full width, a sharp straight edge to the image above, and
lettering. A region that lacks one of the three belongs to the image.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from defect_workbench.core.arrays import Flags, Floats, Pixels
from defect_workbench.core.images.instrument import InstrumentMetadata
from defect_workbench.core.images.preprocessing_steps import Preprocessing
from defect_workbench.engine.preprocessing.background import grey_of

IDENTITY = "v1"

_NARROWEST = 200
_LOWEST, _HIGHEST = 0.02, 0.3
_LEAST_ROWS = 10
_TOLERANCE = 8
_CONTRAST = 60
_LETTERS = 6
_EVEN = 0.97


def rows_to_leave_out(height: int, detected: int, processing: Preprocessing) -> int:
    """Return the number of rows to crop at the bottom.

    At least half of the image and 16 rows always remain.

    Parameters
    ----------
    height : int
        Height of the image.
    detected : int
        Result of `found_rows`.
    processing : Preprocessing
        Whether to use the detected rows, a fixed number, or none.
    """
    if processing.info_bar == "off":
        return 0
    rows = detected if processing.info_bar == "auto" else processing.info_bar
    return rows if rows <= height // 2 and height - rows >= 16 else 0


def found_rows(pixels: Pixels, tool: InstrumentMetadata | None = None) -> int:
    """Return the height of the info bar in rows; 0 if there is none.

    The metadata take precedence over what is detected in the image.

    Parameters
    ----------
    pixels : (height, width) or (height, width, 3) uint8
    tool : InstrumentMetadata, optional
        The metadata of the image.
    """
    if tool is not None and tool.bar_rows:
        return tool.bar_rows if tool.bar_rows <= pixels.shape[0] // 2 else 0
    return detected_rows(pixels)


def detected_rows(pixels: Pixels) -> int:
    """Return the height of the info bar as detected in the image, in rows; 0 if there is none.

    Parameters
    ----------
    pixels : (height, width) or (height, width, 3) uint8
    """
    height, width = pixels.shape[:2]
    if width < _NARROWEST or height < 100:
        return 0
    reach = int(height * _HIGHEST)
    below = grey_of(pixels[height - reach :])
    background = _background_level(below)
    if background is None:
        return 0
    uniform = np.abs(below - background) <= _TOLERANCE
    share = uniform.mean(axis=1)
    for first in _edges(below, share):
        rows = reach - first
        if rows >= max(_LEAST_ROWS, _LOWEST * height) and _is_bar(below, uniform, first, background):
            return rows
    return 0


def _background_level(below: NDArray[np.float32]) -> float | None:
    """Return the most common grey level of the lowest rows; None if there is no clear one."""
    last = below[-max(_LEAST_ROWS, len(below) // 12) :]
    counts = np.bincount(np.rint(last).astype(np.intp).ravel(), minlength=256)
    near = np.convolve(counts, np.ones(5), mode="same")
    level = int(near.argmax())
    return float(level) if near[level] >= 0.5 * last.size else None


def _edges(below: NDArray[np.float32], share: Floats) -> list[int]:
    """Return the rows, topmost first, where a bar could begin: uniform below, not uniform just above."""
    edges = []
    for row in range(2, len(below) - _LEAST_ROWS + 1):
        line = below[row]
        # The first row is background, or a ruled line of any one level.
        ruled = float((np.abs(line - np.median(line)) <= _TOLERANCE).mean())
        if max(share[row], ruled) < _EVEN:
            continue
        if share[row + 1 : row + 4].max(initial=0.0) < _EVEN:
            continue
        if max(share[row - 1], share[row - 2]) < 0.6 and share[row:].mean() >= 0.55:
            edges.append(row)
    return edges


def _is_bar(below: NDArray[np.float32], uniform: Flags, first: int, background: float) -> bool:
    above, bar = below[:first], below[first:]
    if len(above) < 3 or _two_valued(above):
        return False
    marks = np.abs(bar - background) >= _CONTRAST
    amount = float(marks.mean())
    # Pixels that are neither background nor clearly lettering are the soft edges of letters, or image.
    between = 1 - float(uniform[first:].mean()) - amount
    if not 0.003 <= amount <= 0.45 or between > max(0.08, 0.8 * amount):
        return False
    labels, count = ndimage.label(marks, np.ones((3, 3), bool))
    if count < _LETTERS:
        return False
    letters = 0
    for rows, columns in ndimage.find_objects(labels):
        height, width = rows.stop - rows.start, columns.stop - columns.start
        letters += 4 <= height <= 0.8 * len(bar) and width <= 4 * height
    return letters >= _LETTERS


def _two_valued(above: NDArray[np.float32]) -> bool:
    """Return whether an image is nearly binary, such as a drawing or a board layout."""
    counts = np.bincount(np.rint(above).astype(np.intp).ravel(), minlength=256)
    return float(np.sort(counts)[-2:].sum()) > 0.9 * above.size or int((counts > 0).sum()) < 12
