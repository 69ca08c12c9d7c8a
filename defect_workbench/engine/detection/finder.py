"""The classical finder: defects of an image without any training."""

from __future__ import annotations

import numpy as np

from defect_workbench.core.arrays import Pixels
from defect_workbench.core.images.detections import Box, Detection
from defect_workbench.engine.detection.defect_objects import DefectObject, objects_of
from defect_workbench.engine.detection.reference_deviation import from_reference
from defect_workbench.engine.preprocessing.background import grey_of

# People leave a margin around a defect: a share of the shorter side of the image, within limits in pixels.
_MARGIN, _LEAST_MARGIN, _MOST_MARGIN = 0.0125, 2, 16


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
    grey = grey_of(pixels)
    if reference is not None:
        deviation = from_reference(grey, grey_of(reference))
    else:
        from defect_workbench.engine.detection.own_deviation import from_itself

        deviation = from_itself(grey)
    found = [_detection(each, deviation.step, grey.shape) for each in objects_of(deviation)]
    return tuple(sorted(found, key=lambda each: -each.score))


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
