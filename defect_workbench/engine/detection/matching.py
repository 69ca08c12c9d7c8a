"""Found defects matched one to one to marked ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from defect_workbench.core.arrays import Floats
from defect_workbench.core.images.detections import Box, Detection


def overlaps(boxes: Sequence[Box], others: Sequence[Box]) -> Floats:
    """Return the intersection over union of each pair of boxes, (boxes, others) float64."""
    one, two = (
        np.array([(b.x1, b.y1, b.x2, b.y2) for b in each], float).reshape(-1, 4) for each in (boxes, others)
    )
    low = np.maximum(one[:, None, :2], two[None, :, :2])
    high = np.minimum(one[:, None, 2:], two[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    areas = [(each[:, 2:] - each[:, :2]).prod(axis=1) for each in (one, two)]
    union = areas[0][:, None] + areas[1][None, :] - shared
    return np.asarray(shared / np.maximum(union, 1e-9), np.float64)


def matches(
    detections: Sequence[Detection], boxes: Sequence[Box], least: float, *, by_label: bool = False
) -> list[int | None]:
    """Return the index of the box that each detection matches; None for a false one.

    In the order of the scores, a detection gets the free box that it overlaps most, as in COCO's evaluation.

    Parameters
    ----------
    least : float
        Smallest intersection over union.
    by_label : bool
        Whether the label must be the same, too.
    """
    found: list[int | None] = [None] * len(detections)
    shares = overlaps([each.box for each in detections], boxes)
    free = set(range(len(boxes)))
    for index in sorted(range(len(detections)), key=lambda i: -detections[i].score):
        label = detections[index].box.label
        candidates = [
            (shares[index, other], -other)
            for other in free
            if shares[index, other] >= least and (not by_label or boxes[other].label == label)
        ]
        if candidates:
            best = -max(candidates)[1]
            found[index] = best
            free.remove(best)
    return found
