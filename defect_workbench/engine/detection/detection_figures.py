"""Figures of a detector: average precision, recall, precision, and how well it counts.

Average precision is that of COCO (T.-Y. Lin et al., ECCV 2014) as pycocotools computes it. Confidence
intervals are 95% percentile intervals over images: images are drawn with replacement (B. Efron, Annals of
Statistics 7, 1979), with a fixed seed.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any

import numpy as np

from defect_workbench.core.arrays import Floats, Integers
from defect_workbench.core.images.detections import Box, Detection
from defect_workbench.engine.detection.matching import matches

# DeepPCB counts a defect as found from this intersection over union on.
LEAST_OVERLAP = 0.33
_COCO_OVERLAPS = np.linspace(0.5, 0.95, 10)
_DRAWS, _DRAWS_OF_AP = 1000, 100
_SEED = 0
_MOST_DETECTIONS = 1000
_FREE_RESPONSE = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)

Interval = tuple[float, float]


@dataclass(frozen=True)
class Judged:
    """The found and the marked defects of one image.

    Attributes
    ----------
    unsure : tuple of Detection
        Possible defects below the threshold. Average precision and the free response depend on them; recall,
        precision and counts do not.
    """

    path: str
    detections: tuple[Detection, ...]
    boxes: tuple[Box, ...]
    unsure: tuple[Detection, ...] = ()

    @property
    def possible(self) -> tuple[Detection, ...]:
        """All possible defects, by falling score."""
        return tuple(sorted((*self.detections, *self.unsure), key=lambda each: -each.score))


@dataclass(frozen=True, eq=False)
class DetectionFigures:
    """How well a detector finds and counts the defects of some images.

    Attributes
    ----------
    images, boxes, detections : int
    values : mapping of str to float or None
        `ap` (mean over intersections over union from .5 to .95), `ap50`, `ap33`, `recall` and `precision` (at
        .33), `count_mae`, `count_exact`, `count_bias`, `median_guess_mae`; None where it is not defined.
    intervals : mapping of str to (float, float)
        95% confidence interval of each value that is defined.
    recall_of : mapping of str to (int, float)
        Number of boxes of each kind, and the share of them that was found.
    free_response : tuple of (float, float)
        False detections per image allowed, and the recall that is reached with the scores that keep to it.
    """

    images: int
    boxes: int
    detections: int
    values: Mapping[str, float | None]
    intervals: Mapping[str, Interval]
    recall_of: Mapping[str, tuple[int, float]]
    free_response: tuple[tuple[float, float], ...]


def figures_of(judged: Sequence[Judged], *, by_label: bool = False) -> DetectionFigures:
    """Return the figures of a detector.

    Parameters
    ----------
    judged : sequence of Judged
        At least one image.
    by_label : bool
        Whether a defect counts as found only if its label is right.
    """
    found = [matches(each.detections, each.boxes, LEAST_OVERLAP, by_label=by_label) for each in judged]
    hits = np.array([sum(index is not None for index in each) for each in found], np.int64)
    counts = np.array([len(each.detections) for each in judged], np.int64)
    truth = np.array([len(each.boxes) for each in judged], np.int64)
    table = np.stack([hits, counts, truth], axis=1)
    rng = np.random.default_rng(_SEED)
    draws = [rng.integers(0, len(judged), len(judged)) for _ in range(_DRAWS)]
    values: dict[str, float | None] = dict(_counting(table))
    drawn = {name: [_counting(table[draw])[name] for draw in draws] for name in values}
    precision = _AveragePrecision(judged, by_label)
    everything = np.arange(len(judged))
    ap = precision.of(everything)
    for name, value in ap.items():
        drawn[name] = []
        values[name] = value
    for draw in draws[:_DRAWS_OF_AP]:
        for name, value in precision.of(draw).items():
            drawn[name].append(value)
    intervals = {
        name: interval for name in values if values[name] is not None and (interval := _interval(drawn[name]))
    }
    return DetectionFigures(
        len(judged),
        int(truth.sum()),
        int(counts.sum()),
        values,
        intervals,
        _recall_of(judged, found),
        _free_response(judged, by_label, int(truth.sum())),
    )


def average_precisions(judged: Sequence[Judged], *, by_label: bool = False) -> dict[str, float | None]:
    """Return `ap`, `ap50` and `ap33` as `figures_of` does, without confidence intervals."""
    return _AveragePrecision(judged, by_label).of(np.arange(len(judged)))


def _counting(table: Integers) -> dict[str, float | None]:
    """Return the figures that follow from hits, detections and boxes per image."""
    hits, counts, truth = table.T
    off = np.abs(counts - truth)
    return {
        "recall": float(hits.sum() / truth.sum()) if truth.sum() else None,
        "precision": float(hits.sum() / counts.sum()) if counts.sum() else None,
        "count_mae": float(off.mean()),
        "count_exact": float((off == 0).mean()),
        "count_bias": float((counts - truth).mean()),
        "median_guess_mae": float(np.abs(np.median(truth) - truth).mean()),
    }


def _interval(values: Sequence[float | None]) -> Interval | None:
    defined = [value for value in values if value is not None]
    if not defined:
        return None
    low, high = np.quantile(defined, (0.025, 0.975))
    return float(low), float(high)


def _recall_of(
    judged: Sequence[Judged], found: Sequence[Sequence[int | None]]
) -> dict[str, tuple[int, float]]:
    total: Counter[str] = Counter()
    hit: Counter[str] = Counter()
    for each, indices in zip(judged, found, strict=True):
        total.update(box.label for box in each.boxes)
        hit.update(each.boxes[index].label for index in indices if index is not None)
    return {label: (total[label], hit[label] / total[label]) for label in sorted(total)}


def _free_response(judged: Sequence[Judged], by_label: bool, boxes: int) -> tuple[tuple[float, float], ...]:
    """Return the recall at some numbers of false detections per image.

    Source: P. C. Bunch et al., "A free response approach to the measurement and characterization of
    radiographic observer performance", SPIE 127 (1977).
    """
    pairs = []
    for each in judged:
        possible = each.possible
        found = matches(possible, each.boxes, LEAST_OVERLAP, by_label=by_label)
        pairs += [(d.score, index is not None) for d, index in zip(possible, found, strict=True)]
    pairs.sort(key=lambda pair: -pair[0])
    right = np.cumsum([is_right for _, is_right in pairs])
    wrong = np.cumsum([not is_right for _, is_right in pairs]) / len(judged)
    if not boxes:
        return ()
    reached = [int(np.searchsorted(wrong, allowed, side="right")) for allowed in _FREE_RESPONSE]
    return tuple(
        (allowed, float(right[n - 1] / boxes) if n else 0.0)
        for allowed, n in zip(_FREE_RESPONSE, reached, strict=True)
    )


class _AveragePrecision:
    """Average precision of any draw of images, as each image is matched only once."""

    def __init__(self, judged: Sequence[Judged], by_label: bool) -> None:
        self._images = len(judged)
        self._overlaps = np.array([LEAST_OVERLAP, *_COCO_OVERLAPS])
        with redirect_stdout(io.StringIO()):
            self._evaluation = _evaluated(judged, by_label, self._overlaps)
        self._matched = self._evaluation.evalImgs

    def of(self, draw: Integers) -> dict[str, float | None]:
        """Return `ap`, `ap50` and `ap33` of the images of a draw."""
        evaluation = self._evaluation
        labels = len(evaluation.params.catIds)
        rows = np.arange(labels)[:, None] * self._images + draw[None, :]
        evaluation.evalImgs = [self._matched[row] for row in rows.ravel()]
        with redirect_stdout(io.StringIO()):
            evaluation.accumulate()
        # Overlaps, recalls, labels, sizes of objects, limits of detections.
        precision: Floats = evaluation.eval["precision"][:, :, :, 0, 0]
        return {
            "ap": _mean(precision[1:]),
            "ap50": _mean(precision[1]),
            "ap33": _mean(precision[0]),
        }


def _mean(precision: Floats) -> float | None:
    defined = precision[precision > -1]
    return float(defined.mean()) if defined.size else None


def _evaluated(judged: Sequence[Judged], by_label: bool, least: Floats) -> Any:
    """Return pycocotools' evaluation with every image matched."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    labels = sorted({box.label for each in judged for box in each.boxes}) if by_label else [""]
    number: Callable[[str], int] = (lambda label: labels.index(label) + 1) if by_label else (lambda label: 1)
    truth, found = [], []
    for image, each in enumerate(judged, start=1):
        truth += [(image, box, 0.0) for box in each.boxes]
        found += [(image, d.box, d.score) for d in each.possible if not by_label or d.box.label in labels]
    base = {
        "images": [{"id": i} for i in range(1, len(judged) + 1)],
        "categories": [{"id": i} for i in range(1, len(labels) + 1)],
    }

    def coco(rows: Sequence[tuple[int, Box, float]]) -> Any:
        coco_set = COCO()
        coco_set.dataset = base | {
            "annotations": [
                {
                    "id": i,
                    "image_id": image,
                    "category_id": number(box.label),
                    "bbox": [box.x1, box.y1, box.x2 - box.x1, box.y2 - box.y1],
                    "area": (box.x2 - box.x1) * (box.y2 - box.y1),
                    "iscrowd": 0,
                    "score": score,
                }
                for i, (image, box, score) in enumerate(rows, start=1)
            ]
        }
        coco_set.createIndex()
        return coco_set

    evaluation = COCOeval(coco(truth), coco(found), "bbox")
    evaluation.params.iouThrs = least
    evaluation.params.areaRng, evaluation.params.areaRngLbl = [[0, 1e12]], ["all"]
    evaluation.params.maxDets = [_MOST_DETECTIONS]
    evaluation.evaluate()
    return evaluation
