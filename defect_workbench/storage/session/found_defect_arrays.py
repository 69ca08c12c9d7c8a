"""Defects of images in a session file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.errors import InputError
from defect_workbench.core.images.detections import Detection, box_of
from defect_workbench.core.project.found_defects import FoundDefects

FIELD = "found_defects"
_IMAGE, _BOX, _NUMBERS = "found_image", "found_box", "found_score_area_label"
_SEARCHED, _CHECKED, _CORRECTED = "found_searched", "found_checked", "found_corrected"


def found_defect_arrays(found: FoundDefects | None) -> dict[str, NDArray[Any]]:
    """Return the arrays of the defects, by name in the file; none without a search."""
    if found is None:
        return {}
    rows = [(image, each) for image, defects in enumerate(found.of) for each in defects or ()]
    number = {label: index for index, label in enumerate(found.labels)}
    return {
        _IMAGE: np.array([image for image, _ in rows], np.int32),
        _BOX: np.array([(d.box.x1, d.box.y1, d.box.x2, d.box.y2) for _, d in rows], float).reshape(-1, 4),
        _NUMBERS: np.array([(d.score, d.area, number[d.box.label]) for _, d in rows], float).reshape(-1, 3),
        _SEARCHED: np.array([defects is not None for defects in found.of], bool),
        _CHECKED: found.checked,
        _CORRECTED: found.touched,
    }


def found_defect_fields(found: FoundDefects | None) -> dict[str, Any]:
    """Return the JSON fields about the defects."""
    if found is None:
        return {FIELD: None}
    fields = {"labels": list(found.labels), "source": found.source, "reference": found.reference}
    return {FIELD: fields}


def found_defects_of(
    state: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], images: int
) -> FoundDefects | None:
    """Return the defects in a session of this many images; None without a search, as in earlier versions.

    Raises
    ------
    InputError
        If they are not defects of these images.
    """
    fields = state.get(FIELD)
    if fields is None:
        return None
    labels = [str(label) for label in fields["labels"]]
    image, boxes, numbers = arrays[_IMAGE], arrays[_BOX], arrays[_NUMBERS]
    searched, checked = arrays[_SEARCHED], arrays[_CHECKED]
    if not (image.ndim == 1 and boxes.shape == (len(image), 4) and numbers.shape == (len(image), 3)):
        raise InputError("its defects have impossible shapes")
    flags = searched, checked, arrays[_CORRECTED]
    if any(each.shape != (images,) or each.dtype != bool for each in flags):
        raise InputError("its defects do not match its images")
    if len(image) and not (
        image.min() >= 0
        and image.max() < images
        and searched[image].all()
        and np.isfinite(boxes).all()
        and np.isfinite(numbers).all()
        and (boxes[:, 2:] > boxes[:, :2]).all()
        and (boxes >= 0).all()
        and (numbers >= 0).all()
        and (numbers[:, 0] <= 1).all()
        and (numbers[:, 2] < len(labels)).all()
    ):
        raise InputError("its defects are impossible")
    of: list[list[Detection] | None] = [[] if each else None for each in searched]
    for index, corners, (score, area, label) in zip(image, boxes, numbers, strict=True):
        defects = of[int(index)]
        assert defects is not None  # checked above
        defects.append(Detection(box_of(corners, labels[int(label)]), float(score), int(area)))
    found = tuple(None if each is None else tuple(each) for each in of)
    # Earlier versions did not keep it.
    reference = fields.get("reference")
    words = None if reference is None else str(reference)
    return FoundDefects(found, checked, str(fields["source"]), arrays[_CORRECTED], words)
