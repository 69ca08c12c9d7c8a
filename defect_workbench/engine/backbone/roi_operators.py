"""Two operators of torchvision in plain torch, for systems where its compiled ones cannot be loaded."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, grid_sample


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """Return the indices of the boxes that remain after non-maximum suppression, by falling score.

    A box is dropped if it overlaps a remaining one with a higher score by more than the threshold. Equal
    scores keep their order.

    Parameters
    ----------
    boxes : (n, 4) Tensor
        Left, top, right, bottom.
    scores : (n,) Tensor
    iou_threshold : float
        Intersection over union.

    Returns
    -------
    (kept,) int64 Tensor
    """
    order = scores.argsort(descending=True, stable=True)
    ordered = boxes[order].float()
    areas = (ordered[:, 2:] - ordered[:, :2]).prod(1)
    low = torch.maximum(ordered[:, None, :2], ordered[None, :, :2])
    high = torch.minimum(ordered[:, None, 2:], ordered[None, :, 2:])
    shared = (high - low).clamp_(min=0).prod(2)
    over = (shared > iou_threshold * (areas[:, None] + areas[None, :] - shared)).cpu().numpy()
    free = np.ones(len(order), bool)
    kept = []
    for index in range(len(order)):
        if free[index]:
            kept.append(index)
            free &= ~over[index]
    return order[torch.tensor(kept, dtype=torch.int64, device=order.device)]


def roi_align(
    features: Tensor,
    boxes: Tensor | Sequence[Tensor],
    output_size: int | Sequence[int],
    spatial_scale: float = 1.0,
    sampling_ratio: int = -1,
    aligned: bool = False,
) -> Tensor:
    """Return the features within boxes, averaged over bilinear samples in the cells of a grid.

    Source: K. He et al., "Mask R-CNN", ICCV (2017). The parameters are those of `torchvision.ops.roi_align`,
    but a number of samples per cell that depends on the size of the box is not supported.

    Parameters
    ----------
    features : (n, channels, height, width) Tensor
    boxes : (k, 5) Tensor, or sequence of n Tensor (k_i, 4)
        Corners in pixels of the image; in the first form behind the index of the image.
    output_size : int or sequence of two int
        Rows and columns of the grid.
    spatial_scale : float
        Cells of `features` per pixel of the image.
    sampling_ratio : int
        Samples per cell along each side.
    aligned : bool
        Whether pixel centres are at half coordinates.

    Returns
    -------
    (k, channels, rows, columns) Tensor
    """
    if sampling_ratio < 1:
        raise ValueError("the number of samples per cell must be given")
    if not isinstance(boxes, Tensor):
        boxes = torch.cat(
            [
                torch.cat([each.new_full((len(each), 1), float(image)), each], 1)
                for image, each in enumerate(boxes)
            ]
        )
    rows, columns = (output_size, output_size) if isinstance(output_size, int) else output_size
    height, width = features.shape[2:]
    corners = boxes[:, 1:] * spatial_scale - (0.5 if aligned else 0.0)
    sizes = corners[:, 2:] - corners[:, :2]
    if not aligned:
        sizes = sizes.clamp(min=1)
    x = _samples(corners[:, 0], sizes[:, 0], columns * sampling_ratio)
    y = _samples(corners[:, 1], sizes[:, 1], rows * sampling_ratio)
    # Samples up to one cell outside take the value at the border; those further away are zero.
    inside = ((y >= -1) & (y <= height))[:, :, None] & ((x >= -1) & (x <= width))[:, None, :]
    x, y = ((2 * x.clamp(0, width - 1) + 1) / width - 1), ((2 * y.clamp(0, height - 1) + 1) / height - 1)
    size = (len(boxes), y.shape[1], x.shape[1])
    places = torch.stack([x[:, None, :].expand(size), y[:, :, None].expand(size)], 3)
    result = features.new_zeros((len(boxes), features.shape[1], rows, columns))
    for image in range(len(features)):
        chosen = torch.nonzero(boxes[:, 0] == image)[:, 0]
        if not len(chosen):
            continue
        grid = places[chosen].reshape(1, -1, x.shape[1], 2).to(features.dtype)
        values = grid_sample(features[image : image + 1], grid, padding_mode="border", align_corners=False)
        values = values[0].reshape(features.shape[1], len(chosen), *size[1:]).transpose(0, 1)
        values = values * inside[chosen][:, None].to(values.dtype)
        result = result.index_copy(0, chosen, avg_pool2d(values, sampling_ratio).to(result.dtype))
    return result


def _samples(first: Tensor, length: Tensor, number: int) -> Tensor:
    """Divide each range into equal parts, and return their centres, (ranges, number)."""
    shares = (torch.arange(number, device=first.device, dtype=first.dtype) + 0.5) / number
    return first[:, None] + length[:, None] * shares
