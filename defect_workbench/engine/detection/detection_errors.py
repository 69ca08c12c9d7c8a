"""The errors of a detector, one by one: missed, invented, and of the wrong kind."""

from __future__ import annotations

from collections.abc import Sequence

from defect_workbench.core.detector.detection_error import DetectionError, ErrorKind
from defect_workbench.engine.detection.detection_figures import LEAST_OVERLAP, Judged
from defect_workbench.engine.detection.matching import matches


def errors_of(judged: Judged, *, by_label: bool) -> list[DetectionError]:
    """Return the errors in one image, from top to bottom.

    Parameters
    ----------
    by_label : bool
        Whether another label than the marked one is an error.
    """
    found = matches(judged.detections, judged.boxes, LEAST_OVERLAP)
    errors = []
    for detection, index in zip(judged.detections, found, strict=True):
        label = detection.box.label
        if index is None:
            errors.append(DetectionError(ErrorKind.INVENTED, detection.box, label, "", detection.score))
        elif by_label and judged.boxes[index].label != label:
            box = judged.boxes[index]
            errors.append(DetectionError(ErrorKind.WRONG_KIND, box, label, box.label, detection.score))
    hit = set(found)
    errors += [
        DetectionError(ErrorKind.MISSED, box, "", box.label, None)
        for index, box in enumerate(judged.boxes)
        if index not in hit
    ]
    return sorted(errors, key=lambda each: (each.box.y1, each.box.x1, each.kind))


def most_errors_first(judged: Sequence[Judged], *, by_label: bool) -> list[tuple[str, list[DetectionError]]]:
    """Return the path and the errors of each image that has some, those with the most errors first."""
    listed = [(each.path, errors_of(each, by_label=by_label)) for each in judged]
    return sorted((each for each in listed if each[1]), key=lambda each: (-len(each[1]), each[0]))
