"""The classical finder: defects of an image without any training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from defect_workbench.core.arrays import Flags, Pixels, Vectors
from defect_workbench.core.images.detections import Box, Detection
from defect_workbench.engine.detection.defect_objects import DefectObject, objects_of
from defect_workbench.engine.detection.deviation import Deviation
from defect_workbench.engine.detection.pattern_change import pattern_change
from defect_workbench.engine.detection.reference_deviation import from_reference
from defect_workbench.engine.preprocessing.background import grey_of

# People leave a margin around a defect: a share of the shorter side of the image, within limits in pixels.
_MARGIN, _LEAST_MARGIN, _MOST_MARGIN = 0.0125, 2, 16
# Increase this when the same image gives other defects.
IDENTITY = "grey-levels-v1"


@dataclass(frozen=True, eq=False)
class FoundDefect:
    """A defect with what its description needs.

    Attributes
    ----------
    detection : Detection
    mask : (rows, columns) bool
        The defect, in a rectangle that encloses it tightly, on a grid of `step` pixels.
    top, left : int
        Position of the mask, on that grid.
    step : int
        Pixels of the image per cell of the mask.
    contrast : float
        Median difference from what is expected, in grey levels; negative if the defect is darker.
    change : (3,) float32
        See `pattern_change`.
    """

    detection: Detection
    mask: Flags
    top: int
    left: int
    step: int
    contrast: float
    change: Vectors


def find_described(pixels: Pixels, reference: Pixels | None = None) -> tuple[FoundDefect, ...]:
    """Return the defects of an image with what their descriptions need, from top to bottom.

    Parameters
    ----------
    pixels, reference : uint8 arrays
        As for `find_defects`.
    """
    deviation = _deviation(pixels, reference)
    found = []
    for each in objects_of(deviation):
        place = (
            slice(each.top, each.top + each.mask.shape[0]),
            slice(each.left, each.left + each.mask.shape[1]),
        )
        difference = (deviation.level[place] - deviation.expected[place])[each.mask]
        found.append(
            FoundDefect(
                _detection(each, deviation.step, pixels.shape[:2]),
                each.mask,
                each.top,
                each.left,
                deviation.step,
                float(np.median(difference)),
                pattern_change(deviation, each),
            )
        )
    return tuple(sorted(found, key=lambda each: in_reading_order(each.detection)))


def in_reading_order(detection: Detection) -> tuple[float, float, float, float]:
    """Return the key that sorts defects from top to bottom, as tables list and number them."""
    box = detection.box
    return box.y1, box.x1, box.y2, box.x2


def find_defects(pixels: Pixels, reference: Pixels | None = None) -> tuple[Detection, ...]:
    """Return the defects of an image, those with the highest score first.

    Parameters
    ----------
    pixels : (height, width) or (height, width, 3) uint8
        Without an info bar.
    reference : uint8 array, optional
        The golden reference, with the height and width of the image.

    Returns
    -------
    tuple of Detection
        Boxes have a margin of 1.25% of the shorter side of the image, 2 to 16 pixels, as people leave around
        what they mark.
    """
    deviation = _deviation(pixels, reference)
    found = [_detection(each, deviation.step, pixels.shape[:2]) for each in objects_of(deviation)]
    return tuple(sorted(found, key=lambda each: -each.score))


def _deviation(pixels: Pixels, reference: Pixels | None) -> Deviation:
    grey = grey_of(pixels)
    if reference is not None:
        return from_reference(grey, grey_of(reference))
    from defect_workbench.engine.detection.own_deviation import from_itself

    return from_itself(grey)


def _detection(each: DefectObject, step: int, shape: tuple[int, ...]) -> Detection:
    height, width = shape
    margin = int(np.clip(round(_MARGIN * min(height, width)), _LEAST_MARGIN, _MOST_MARGIN))
    rows, columns = each.mask.shape
    box = Box(
        max(0, each.left * step - margin),
        max(0, each.top * step - margin),
        min(width, (each.left + columns) * step + margin),
        min(height, (each.top + rows) * step + margin),
    )
    score = each.strength / (1 + each.strength)
    return Detection(box, score, int(each.mask.sum()) * step * step)
