"""What the network says about the planes of an image: boxes, labels and raw scores."""

from __future__ import annotations

import itertools
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


def predict(network: nn.Module, variant: Variant, planes: Pixels, device: torch.device) -> Prediction:
    """Return the possible defects of an image.

    Parameters
    ----------
    network : Module
        In evaluation mode, on the device.
    planes : (height, width, 3) uint8
    """
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
    kept = nms(torch.from_numpy(boxes), torch.from_numpy(scores), _SAME_PLACE).numpy()
    return Prediction(boxes[kept], labels[kept].astype(np.intp), scores[kept].astype(np.float64))


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
        """Return whether the defects with these centres count."""
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
