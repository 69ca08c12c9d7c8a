"""The score from which on a possible defect is one, and the scale that makes it 0.5."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from defect_workbench.core.images.detections import Detection
from defect_workbench.engine.detection.detection_figures import LEAST_OVERLAP, Judged
from defect_workbench.engine.detection.matching import matches

_DEFAULT = 0.5
# Evenly spaced in log odds, as most scores are close to 1.
_CANDIDATES = 1 / (1 + np.exp(-np.linspace(math.log(1 / 9), math.log(99), 93)))
# Thresholds so close to the best one are as good: held-out images are few.
_AS_GOOD = 0.005


def best_threshold(judged: Sequence[Judged]) -> float:
    """Return the score at which held-out defects are found best, by the F1 score of defects and labels.

    Of thresholds that are equally good, the middle of the range is returned, as it depends least on single
    images.

    Parameters
    ----------
    judged : sequence of Judged
        With all possible defects and their scores.
    """
    boxes = sum(len(each.boxes) for each in judged)
    if not boxes:
        return _DEFAULT
    pairs = []
    for each in judged:
        found = matches(each.detections, each.boxes, LEAST_OVERLAP, by_label=True)
        pairs += [(d.score, i is not None) for d, i in zip(each.detections, found, strict=True)]
    scores = np.array([score for score, _ in pairs])
    right = np.array([is_right for _, is_right in pairs], bool)
    quality = np.array([_f1(right[scores >= limit], boxes) for limit in _CANDIDATES])
    good = np.flatnonzero(quality >= quality.max() - _AS_GOOD)
    return float(_CANDIDATES[good[np.argmin(np.abs(good - (good[0] + good[-1]) / 2))]])


def _f1(right: np.ndarray, boxes: int) -> float:
    hits = int(right.sum())
    return 2 * hits / (len(right) + boxes)


def on_scale(detection: Detection, threshold: float) -> Detection:
    """Return a detection whose score is 0.5 at the threshold, as that of the classical finder."""
    return replace(detection, score=detection.score ** (math.log(0.5) / math.log(threshold)))
