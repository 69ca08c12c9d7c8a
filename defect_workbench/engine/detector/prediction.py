"""What the network says about the planes of an image: boxes, labels and raw scores."""

from __future__ import annotations

from collections.abc import Iterator
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
    for top, left, rows, columns in tiles(*planes.shape[:2]):
        part = planes[top : top + rows, left : left + columns]
        with torch.inference_mode(), fast_arithmetic(device):
            result: Any = network(batch_of(variant, [part], device))[0]
        boxes = result["boxes"].float().cpu().numpy().astype(np.float64) + [left, top, left, top]
        own = _owned(boxes, top, left, rows, columns, planes.shape)
        found.append(
            (boxes[own], result["labels"].cpu().numpy()[own], result["scores"].float().cpu().numpy()[own])
        )
    boxes, labels, scores = (np.concatenate(parts) for parts in zip(*found, strict=True))
    kept = nms(torch.from_numpy(boxes), torch.from_numpy(scores), _SAME_PLACE).numpy()
    return Prediction(boxes[kept], labels[kept].astype(np.intp), scores[kept].astype(np.float64))


def tiles(height: int, width: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield top, left, rows and columns of overlapping tiles that cover an image; one for a small image."""
    tops, lefts = (_starts(length) for length in (height, width))
    rows, columns = (length if length <= _LARGEST else _TILE for length in (height, width))
    for top in tops:
        for left in lefts:
            yield top, left, rows, columns


def _starts(length: int) -> list[int]:
    if length <= _LARGEST:
        return [0]
    number = int(np.ceil((length - _SHARED) / (_TILE - _SHARED)))
    return [round(start) for start in np.linspace(0, length - _TILE, number)]


def _owned(boxes: Floats, top: int, left: int, rows: int, columns: int, shape: tuple[int, ...]) -> Flags:
    """Return whether the centre of each box is at least half an overlap inside its tile.

    So each defect is counted in the tile that shows it best.
    """
    x, y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    half = _SHARED / 2
    inside = np.ones(len(boxes), bool)
    for centre, start, length, whole in ((x, left, columns, shape[1]), (y, top, rows, shape[0])):
        if start > 0:
            inside &= centre >= start + half
        if start + length < whole:
            inside &= centre < start + length - half
    return inside
