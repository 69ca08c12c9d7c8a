"""Whether the content of a box repeats elsewhere in its image.

The structures of a layout repeat, defects rarely do. A network does not know the structures of a layout that
it was not trained on, but the image itself shows which ones repeat. Cell-to-cell inspection of memories uses
the same.
"""

from __future__ import annotations

import numpy as np
import torch
from torch.nn.functional import conv2d

from defect_workbench.core.arrays import Floats, Pixels, Vectors
from defect_workbench.engine.preprocessing.background import Plane, grey_of
from defect_workbench.engine.preprocessing.periodic_pattern import reduced

# Cells along each side of a box at which it is compared, and how many cells around it are searched.
_GRAIN, _REACH = 10, 160
_LEAST_SIDE = 3
# A place that overlaps the box by more than a third in both directions is the box itself.
_OTHER = 2 / 3
# Differences are relative to the spread of the image. Below the least one they are noise. From the other one
# on nothing repeats: structures that are singular differ as much as defects.
_LEAST, _SINGULAR = 0.03, 0.4
_SURE = 1e-5


def differences(grey: Plane, boxes: Floats) -> Floats:
    """Return how far the content of each box is from that of the most similar other place.

    Places are compared in the eight positions of a square.

    Parameters
    ----------
    grey : (height, width) float32
    boxes : (n, 4) float64
        Corners in pixels.

    Returns
    -------
    (n,) float64
        Root mean square of the difference, in standard deviations of the image; NaN where the box is too
        small or the image has no other place.
    """
    spread = max(float(grey.std()), 1.0)
    levels: dict[int, Plane] = {}
    values = np.full(len(boxes), np.nan)
    for index, box in enumerate(boxes):
        step = max(1, round(float(np.sqrt(np.prod(box[2:] - box[:2]))) / _GRAIN))
        if step > min(grey.shape):
            continue
        if step not in levels:
            levels[step] = reduced(grey, step)
        values[index] = _difference(levels[step], box / step) / spread
    return values


def _difference(grey: Plane, box: Floats) -> float:
    """Return the difference of a box, in grey levels."""
    height, width = grey.shape
    x1, y1 = (max(0, int(low)) for low in box[:2])
    x2, y2 = min(width, int(np.ceil(box[2]))), min(height, int(np.ceil(box[3])))
    if min(x2 - x1, y2 - y1) < _LEAST_SIDE:
        return np.nan
    content = grey[y1:y2, x1:x2]
    top, left = (_start(low, high, side) for low, high, side in ((y1, y2, height), (x1, x2, width)))
    around = grey[top : top + 2 * _REACH, left : left + 2 * _REACH]
    row, column = (y1 + y2) / 2 - top, (x1 + x2) / 2 - left
    least = np.inf
    for turned in (content, content.T):
        tall, wide = turned.shape
        if tall > around.shape[0] or wide > around.shape[1]:
            continue
        squares = _squares(around, turned)
        rows = _same(row - tall / 2, _OTHER * tall)
        columns = _same(column - wide / 2, _OTHER * wide)
        squares[:, rows, columns] = np.inf
        least = min(least, float(squares.min()))
    return float(np.sqrt(max(least, 0.0))) if np.isfinite(least) else np.nan


def _start(low: int, high: int, side: int) -> int:
    """Return where the surroundings of a box begin, so that they lie inside the image if they can."""
    return max(0, min((low + high) // 2 - _REACH, side - 2 * _REACH))


def _same(start: float, reach: float) -> slice:
    """Return the rows or columns of places that are the box itself."""
    return slice(max(0, int(np.ceil(start - reach))), int(start + reach) + 1)


def _squares(around: Plane, content: Plane) -> Vectors:
    """Return the mean square of the difference between a content, also mirrored, and each place."""
    tall, wide = content.shape
    mirrored = np.stack([content, content[::-1], content[:, ::-1], content[::-1, ::-1]])
    with torch.inference_mode():
        plane = torch.from_numpy(np.ascontiguousarray(around))[None, None]
        products = conv2d(plane, torch.from_numpy(mirrored)[:, None])[0].numpy()
    sums = np.pad(np.square(around, dtype=np.float64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    energy = sums[tall:, wide:] - sums[:-tall, wide:] - sums[tall:, :-wide] + sums[:-tall, :-wide]
    own = np.square(content, dtype=np.float64).sum()
    return np.asarray((energy + own - 2 * products) / content.size, np.float32)


def rescored(scores: Floats, planes: Pixels, boxes: Floats, weight: float) -> Floats:
    """Return scores that are lower where the content of a box repeats.

    The odds of a defect are multiplied by a power of the difference, as in a logistic regression on its
    logarithm.

    Parameters
    ----------
    scores : (n,) float64
        Above 0 and below 1.
    planes : (height, width, 3) uint8
    boxes : (n, 4) float64
    weight : float
        The power.
    """
    difference = differences(grey_of(planes), boxes)
    ratio = np.fmin((difference + _LEAST) / (_SINGULAR + _LEAST), 1.0)
    sure = np.clip(scores, _SURE, 1 - _SURE)
    odds = sure / (1 - sure) * ratio**weight
    return np.asarray(odds / (1 + odds), np.float64)
