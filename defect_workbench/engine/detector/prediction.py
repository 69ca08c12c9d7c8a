"""What the network says about the planes of an image: boxes, labels and raw scores."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from defect_workbench.core.arrays import Flags, Floats, Integers, Pixels
from defect_workbench.core.images.detections import Detection, box_of
from defect_workbench.engine.backbone.checkpoint import Variant
from defect_workbench.engine.backbone.roi_operators import nms
from defect_workbench.engine.detector.detector_network import batch_of, fast_arithmetic
from defect_workbench.engine.detector.repetition import rescored

# Larger planes are searched in tiles, as activations take 100 bytes per pixel and channel.
_LARGEST, _TILE, _SHARED = 1600, 1024, 192
# Two kinds of defects at one place are one defect.
_SAME_PLACE = 0.5


@dataclass(frozen=True, eq=False)
class Prediction:
    """Possible defects, by falling score.

    Attributes
    ----------
    boxes : (n, 4) float64
        Corners in pixels of the planes.
    labels : (n,) int
        From 1.
    scores : (n,) float64
        Raw, above 0 and below 1.
    """

    boxes: Floats
    labels: Integers
    scores: Floats

    def detections(self, names: tuple[str, ...]) -> tuple[Detection, ...]:
        """Return the possible defects with their labels as text, in pixels of the planes."""
        rows = zip(self.boxes, self.labels, self.scores, strict=True)
        return tuple(Detection(box_of(box, names[label - 1]), float(score), 0) for box, label, score in rows)


def predict(
    network: nn.Module,
    variant: Variant,
    planes: Pixels,
    device: torch.device,
    *,
    turned: bool = False,
    repetition: float = 0.0,
) -> Prediction:
    """Return the possible defects of an image.

    Parameters
    ----------
    network : Module
        In evaluation mode, on the device.
    planes : (height, width, 3) uint8
    turned : bool
        Whether the image is also searched upside down, and both results are averaged.
    repetition : float
        By how much scores fall where the content of a box repeats in the image; 0 for not at all.
    """
    prediction = _search(network, variant, planes, device)
    if turned:
        height, width = planes.shape[:2]
        other = _search(network, variant, np.ascontiguousarray(planes[::-1, ::-1]), device)
        back = [width, height, width, height] - other.boxes[:, [2, 3, 0, 1]]
        prediction = averaged([prediction, Prediction(back, other.labels, other.scores)])
    prediction = _single(prediction)
    if not repetition:
        return prediction
    scores = rescored(prediction.scores, planes, prediction.boxes, repetition)
    weighted = Prediction(prediction.boxes, prediction.labels, scores)
    return _chosen(weighted, np.argsort(-scores, kind="stable"))


def _search(network: nn.Module, variant: Variant, planes: Pixels, device: torch.device) -> Prediction:
    """Return what the network finds, tile by tile."""
    found = []
    height, width = planes.shape[:2]
    for rows, columns in itertools.product(spans(height), spans(width)):
        part = planes[rows.start : rows.end, columns.start : columns.end]
        with torch.inference_mode(), fast_arithmetic(device):
            result: Any = network(batch_of(variant, [part], device))[0]
        corner = [columns.start, rows.start] * 2
        boxes = result["boxes"].float().cpu().numpy().astype(np.float64) + corner
        own = columns.owns((boxes[:, 0] + boxes[:, 2]) / 2) & rows.owns((boxes[:, 1] + boxes[:, 3]) / 2)
        found.append(
            (boxes[own], result["labels"].cpu().numpy()[own], result["scores"].float().cpu().numpy()[own])
        )
    boxes, labels, scores = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return Prediction(boxes, labels.astype(np.intp), scores.astype(np.float64))


def averaged(views: Sequence[Prediction]) -> Prediction:
    """Return the mean of what is found in several views of an image.

    Boxes of one label that overlap are one defect, with the mean of their corners, weighted by the scores. A
    view that lacks it counts with a score of 0. Source: R. Solovyev et al., "Weighted boxes fusion", Image
    and Vision Computing 107 (2021).
    """
    whole = Prediction(
        *(np.concatenate([getattr(each, name) for each in views]) for name in ("boxes", "labels", "scores"))
    )
    source = np.repeat(np.arange(len(views)), [len(each.scores) for each in views])
    order = np.argsort(-whole.scores, kind="stable")
    whole, source = _chosen(whole, order), source[order]
    free = np.ones(len(order), bool)
    boxes, firsts, scores = [], [], []
    for index in range(len(order)):
        if free[index]:
            same = (_overlaps(whole.boxes[index], whole.boxes) >= _SAME_PLACE) & (
                whole.labels == whole.labels[index]
            )
            same[index] = True
            members = np.flatnonzero(same & free)
            free[members] = False
            # Of each view the likeliest; the others are the same defect again.
            members = members[np.unique(source[members], return_index=True)[1]]
            boxes.append(np.average(whole.boxes[members], axis=0, weights=whole.scores[members]))
            firsts.append(index)
            scores.append(whole.scores[members].sum() / len(views))
    return Prediction(
        np.array(boxes).reshape(-1, 4), whole.labels[np.array(firsts, np.intp)], np.array(scores, np.float64)
    )


def _overlaps(box: Floats, boxes: Floats) -> Floats:
    """Return the intersection over union of a box and each of several boxes."""
    low = np.maximum(box[:2], boxes[:, :2])
    high = np.minimum(box[2:], boxes[:, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    return np.asarray(shared / np.maximum((box[2:] - box[:2]).prod() + areas - shared, 1e-9))


def _single(prediction: Prediction) -> Prediction:
    """Return the likeliest defect at each place, by falling score."""
    boxes, scores = torch.from_numpy(prediction.boxes), torch.from_numpy(prediction.scores)
    return _chosen(prediction, nms(boxes, scores, _SAME_PLACE).numpy())


def _chosen(prediction: Prediction, rows: Integers) -> Prediction:
    return Prediction(prediction.boxes[rows], prediction.labels[rows], prediction.scores[rows])


@dataclass(frozen=True)
class Span:
    """The rows or columns of a tile.

    Attributes
    ----------
    start, end : int
        Those that the network sees.
    first, last : float
        Those whose defects count, from the middle of one overlap to the middle of the next.
    """

    start: int
    end: int
    first: float
    last: float

    def owns(self, centres: Floats) -> Flags:
        """Return whether defects with these centres count, in pixels along the side: (n,) bool for (n,)."""
        return (centres >= self.first) & (centres < self.last)


def spans(length: int) -> list[Span]:
    """Return overlapping tiles along one side of an image; a single one for a small image."""
    if length <= _LARGEST:
        return [Span(0, length, -np.inf, np.inf)]
    number = int(np.ceil((length - _SHARED) / (_TILE - _SHARED)))
    starts = [round(start) for start in np.linspace(0, length - _TILE, number)]
    middles = [(start + _TILE + after) / 2 for start, after in itertools.pairwise(starts)]
    limits = itertools.pairwise([-np.inf, *middles, np.inf])
    return [
        Span(start, start + _TILE, first, last) for start, (first, last) in zip(starts, limits, strict=True)
    ]
