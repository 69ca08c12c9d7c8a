"""How a detector is trained on given boxes: the scale of the images, the crops, and their number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# Boxes of these sizes (square root of the area, in pixels) suit the network; others are resized to them.
_SMALLEST, _LARGEST = 24.0, 96.0
_LEAST_SIDE, _MOST_SCALE = 320, 2.0
_LITTLE = 1.25
_CROP, _LARGE_CROP, _LONG_BOX = 320, 448, 160
_CROPS, _CROPS_ON_GPU = 10_000, 30_000
BATCH = 4
_SHARE, _FEWEST_HELD_OUT, _MOST_HELD_OUT = 0.15, 2, 40


@dataclass(frozen=True)
class TrainingPlan:
    """How a detector is trained.

    Attributes
    ----------
    scale : float
        Images are resized by this factor.
    crop : int
        Side of the crops, in pixels.
    steps : int
        Of the training, each with `BATCH` crops.
    epochs : float
        How often each image is seen, on average over its area.
    seed : int
    """

    scale: float
    crop: int
    steps: int
    epochs: float
    seed: int


def scale_for(sides: Sequence[tuple[float, float]], shapes: Sequence[tuple[int, int]]) -> float:
    """Return the factor by which images are resized for the network.

    Parameters
    ----------
    sides : sequence of (float, float)
        Width and height of each box, in pixels.
    shapes : sequence of (int, int)
        Width and height of each image.
    """
    size = float(np.median([np.sqrt(width * height) for width, height in sides]))
    longer = float(np.median([max(shape) for shape in shapes]))
    scale = float(np.clip(1.0, _SMALLEST / size, _LARGEST / size))
    scale = min(max(scale, _LEAST_SIDE / longer), _MOST_SCALE)
    return 1.0 if 1 / _LITTLE < scale < _LITTLE else round(scale, 3)


def crop_side(sides: Sequence[tuple[float, float]], scale: float) -> int:
    """Return the side of the crops for boxes of these widths and heights."""
    long = float(np.quantile([max(side) for side in sides], 0.9)) * scale
    return _CROP if long <= _LONG_BOX else _LARGE_CROP


def steps_for(crops_per_epoch: int, epochs: int | None, on_gpu: bool) -> tuple[int, float]:
    """Return the number of steps, and the epochs that these are.

    Parameters
    ----------
    epochs : int or None
        As the user wants; by default as many as fit into 10,000 crops (30,000 on a GPU), at least one.
    """
    crops = _CROPS_ON_GPU if on_gpu else _CROPS
    epochs_planned = max(1.0, crops / crops_per_epoch) if epochs is None else float(epochs)
    steps = max(1, round(epochs_planned * crops_per_epoch / BATCH))
    return steps, round(steps * BATCH / crops_per_epoch, 2)


def held_out(paths: Sequence[str], has_boxes: Sequence[bool], seed: int) -> list[bool]:
    """Return which images are held out to choose the threshold and the end of the training.

    They are 15% of the images, 2 to 40, some with boxes and some without in the proportion of all.
    """
    order = np.random.default_rng([seed, len(paths)]).permutation(len(paths))
    chosen = [False] * len(paths)
    held_out_count = int(np.clip(round(_SHARE * len(paths)), _FEWEST_HELD_OUT, _MOST_HELD_OUT))
    with_boxes = [int(i) for i in order if has_boxes[i]]
    without = [int(i) for i in order if not has_boxes[i]]
    share = round(held_out_count * len(without) / len(paths))
    for index in with_boxes[: max(1, held_out_count - share)] + without[:share]:
        chosen[index] = True
    return chosen
