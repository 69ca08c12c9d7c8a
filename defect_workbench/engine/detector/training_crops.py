"""Random crops of the images to train on, turned and varied, with their boxes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from defect_workbench.core.arrays import Floats, Integers, Pixels, Vectors
from defect_workbench.engine.detector.input_planes import resized

# A box that is cut by the edge of a crop remains if so much of it is inside.
_LEAST_VISIBLE = 0.4
_NEAR_A_BOX = 0.75
_WITHIN = (0.1, 0.9)
_CONTRAST, _BRIGHTNESS = 1.25, 20.0
# Lots differ in magnification, and layouts in their widths.
_ZOOM = 1.4
# Memory for images; those that do not fit are read again for each crop.
_MOST_KEPT_BYTES = 2 << 30


@dataclass(frozen=True, eq=False)
class MarkedImage:
    """An image to train on.

    Attributes
    ----------
    path : str
    boxes : (n, 4) float64
        Corners in the planes.
    labels : (n,) int
        From 1; 0 is the background.
    shape : (int, int)
        Height and width of the planes.
    """

    path: str
    boxes: Floats
    labels: Integers
    shape: tuple[int, int]


@dataclass(frozen=True, eq=False)
class Crop:
    """A part of an image, in the size of all crops; what the image does not fill is grey.

    Attributes
    ----------
    planes : (side, side, 3) uint8
    boxes : (n, 4) float32
    labels : (n,) int64
    """

    planes: Pixels
    boxes: Vectors
    labels: Integers


class KeptPlanes:
    """The planes of the images to train on, computed once as far as memory allows.

    Parameters
    ----------
    read : callable
        Returns the planes of an image by its index, (height, width, 3) uint8.
    """

    def __init__(self, read: Callable[[int], Pixels], most_bytes: int = _MOST_KEPT_BYTES) -> None:
        self._read = read
        self._free = most_bytes
        self._kept: dict[int, Pixels] = {}

    def keep(self, index: int, planes: Pixels) -> None:
        """Keep planes that are already there, (height, width, 3)."""
        if index not in self._kept and planes.nbytes <= self._free:
            self._free -= planes.nbytes
            self._kept[index] = planes

    def __getitem__(self, index: int) -> Pixels:
        planes = self._kept.get(index)
        if planes is None:
            planes = self._read(index)
            self.keep(index, planes)
        return planes


def crop_starts(images: Sequence[MarkedImage], side: int) -> Integers:
    """Return the index of the image for each crop of an epoch, (crops,): larger images have more crops."""
    return np.repeat(
        np.arange(len(images)),
        [max(1, round(np.prod(np.ceil(np.array(image.shape) / side)))) for image in images],
    )


def random_crop(
    image: MarkedImage, planes: Pixels, side: int, coloured: bool, rng: np.random.Generator
) -> Crop:
    """Return a random crop of an image, mostly around a box, turned, and of another scale and contrast.

    Parameters
    ----------
    planes : (height, width, 3) uint8
    side : int
        Of the crop, in pixels.
    coloured : bool
        Whether contrast and brightness change in the first plane only, as the others are deviations.
    """
    height, width = planes.shape[:2]
    # So many pixels of the image are shown, enlarged or reduced to the crop.
    window = round(side * _ZOOM ** rng.uniform(-1, 1))
    left, top = (_start(length, window, rng) for length in (width, height))
    if len(image.boxes) and rng.random() < _NEAR_A_BOX:
        x1, y1, x2, y2 = image.boxes[rng.integers(len(image.boxes))]
        left, top = (
            int(np.clip((low + high) / 2 - rng.uniform(*_WITHIN) * window, 0, max(0, length - window)))
            for low, high, length in ((x1, x2, width), (y1, y2, height))
        )
    part = np.full((window, window, 3), 128, np.uint8)
    shown = planes[top : top + window, left : left + window]
    part[: shown.shape[0], : shown.shape[1]] = shown
    boxes, visible = _inside(image.boxes - [left, top, left, top], shown.shape[1], shown.shape[0])
    part, boxes = resized(part, side / window), boxes * (side / window)
    part, boxes = _turned(part, boxes[visible], rng)
    varied = part[:, :, :1] if coloured else part
    contrast = _CONTRAST ** rng.uniform(-1, 1)
    levels = varied * contrast + rng.uniform(-_BRIGHTNESS, _BRIGHTNESS)
    part = np.concatenate(
        [np.clip(np.rint(levels), 0, 255).astype(np.uint8), part[:, :, varied.shape[2] :]], axis=2
    )
    return Crop(part, boxes.astype(np.float32), image.labels[visible].astype(np.int64))


def _start(length: int, side: int, rng: np.random.Generator) -> int:
    return int(rng.integers(0, max(0, length - side) + 1))


def _inside(boxes: Floats, width: int, height: int) -> tuple[Floats, Integers]:
    """Return the boxes cut to a part of an image, and the indices of those that are mostly inside."""
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    cut = np.clip(boxes, 0, [width, height, width, height])
    sides = cut[:, 2:] - cut[:, :2]
    visible = (sides.prod(axis=1) >= _LEAST_VISIBLE * areas) & (sides > 1).all(axis=1)
    return cut, np.flatnonzero(visible)


def _turned(part: Pixels, boxes: Floats, rng: np.random.Generator) -> tuple[Pixels, Floats]:
    """Return a square part and its boxes in one of the eight positions of a square."""
    side = part.shape[0]
    boxes = boxes.copy()
    if rng.random() < 0.5:
        part, boxes[:, [0, 2]] = part[:, ::-1], side - boxes[:, [2, 0]]
    if rng.random() < 0.5:
        part, boxes[:, [1, 3]] = part[::-1], side - boxes[:, [3, 1]]
    if rng.random() < 0.5:
        part, boxes = part.transpose(1, 0, 2), boxes[:, [1, 0, 3, 2]]
    return part, boxes
