"""Where the image of a defect is cut out, and what identifies it."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.images.detections import Box
from defect_workbench.core.images.image_locations import Rectangle
from defect_workbench.engine.detection import finder, pattern_change

# The window is a square, so that resizing keeps the shape of the defect: this much wider than its box, and at
# least so wide that the surroundings are visible.
_WIDER, _LEAST_SIDE = 1.5, 64
# Everything that the items of an image depend on, apart from its pixels and its reference.
IDENTITY = f"{finder.IDENTITY} {pattern_change.IDENTITY} square-{_LEAST_SIDE}-{_WIDER}-v1"


def window_of(box: Box, width: int, height: int) -> Rectangle:
    """Return what is cut out around a defect: a square around its box, moved into the image.

    Parameters
    ----------
    box : Box
        In pixels of the image.
    width, height : int
        Of the image without its info bar. The window is no larger than that.

    Returns
    -------
    tuple of int
        x1, y1, x2, y2.
    """
    side = max(_LEAST_SIDE, round(_WIDER * max(box.x2 - box.x1, box.y2 - box.y1)))
    columns, rows = min(side, width), min(side, height)
    left = min(max(0, round((box.x1 + box.x2 - columns) / 2)), width - columns)
    top = min(max(0, round((box.y1 + box.y2 - rows) / 2)), height - rows)
    return left, top, left + columns, top + rows


def cut_out(values: NDArray[Any], window: Rectangle) -> NDArray[Any]:
    """Return a copy of a part of an image, (height, width) or (height, width, channels)."""
    x1, y1, x2, y2 = window
    return np.ascontiguousarray(values[y1:y2, x1:x2])


def parent_key(sha256: str, reference: str) -> str:
    """Return the key of an image under which the store keeps its items.

    Parameters
    ----------
    sha256, reference : str
        Of the files of the image and of its golden reference; the latter is empty without one.
    """
    return hashlib.sha256(f"{sha256}:{reference}".encode()).hexdigest()


def item_key(parent: str, number: int) -> str:
    """Return the key of a defect in the store, from that of its image and its number."""
    return hashlib.sha256(f"{parent}:{number}".encode()).hexdigest()
