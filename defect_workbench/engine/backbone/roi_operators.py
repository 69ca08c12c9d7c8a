"""Two operators of torchvision in plain torch, for systems where its compiled ones cannot be loaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import embedding_bag


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
    x, x_weights = _neighbours(corners[:, 0], sizes[:, 0], columns, sampling_ratio, width)
    y, y_weights = _neighbours(corners[:, 1], sizes[:, 1], rows, sampling_ratio, height)
    # A cell of the grid is a weighted sum of pixels; the weights are products of those along both sides.
    image = boxes[:, 0].long()[:, None, None, None, None]
    pixels = (image * height + y[:, :, None, :, None]) * width + x[:, None, :, None, :]
    weights = y_weights[:, :, None, :, None] * x_weights[:, None, :, None, :]
    parts = (2 * sampling_ratio) ** 2
    table = features.permute(0, 2, 3, 1).reshape(-1, features.shape[1])
    weights = weights.reshape(-1, parts).to(torch.promote_types(features.dtype, torch.float32))
    weighted_rows = cast("Callable[..., Tensor]", _WeightedRows.apply)
    cells = weighted_rows(table.to(weights.dtype), pixels.reshape(-1, parts), weights)
    shape = (len(boxes), rows, columns, features.shape[1])
    return cells.to(features.dtype).view(shape).permute(0, 3, 1, 2)


def _neighbours(first: Tensor, length: Tensor, cells: int, samples: int, limit: int) -> tuple[Tensor, Tensor]:
    """Return the pixels along one side that the cells of each box are made of, and their weights.

    Parameters
    ----------
    first, length : (k,) Tensor
        Where the boxes begin and how long they are, in pixels.
    cells, samples : int
        Per box, and per cell.
    limit : int
        Pixels of the side.

    Returns
    -------
    tuple of int64 Tensor, Tensor
        Both (k, cells, 2 samples): the two neighbours of each sample.
    """
    number = cells * samples
    shares = (torch.arange(number, device=first.device, dtype=first.dtype) + 0.5) / number
    places = first[:, None] + length[:, None] * shares
    # Samples up to one pixel outside take the value at the border; those further away are zero.
    inside = (places >= -1) & (places <= limit)
    places = places.clamp(0, limit - 1)
    low = places.floor()
    rest = places - low
    # Boxes that are not numbers must not lead to pixels that do not exist.
    index = low.long().clamp(0, limit - 1)
    pair = torch.stack([index, (index + 1).clamp(max=limit - 1)], 2)
    weights = torch.stack([1 - rest, rest], 2) * inside[:, :, None] / samples
    return pair.view(len(first), cells, 2 * samples), weights.view(len(first), cells, 2 * samples)


class _WeightedRows(torch.autograd.Function):
    """Weighted sums of the rows of a table.

    Its gradient is such a sum again, with the pairs of row and sum in the order of the rows. Torch's own
    gradient adds one row after the other, which takes many times as long.
    """

    @staticmethod
    def forward(ctx: Any, table: Tensor, rows: Tensor, weights: Tensor) -> Tensor:
        """Return (n, channels) sums of rows (n, parts) of a table (m, channels) with weights (n, parts)."""
        ctx.save_for_backward(rows, weights)
        ctx.length = len(table)
        return embedding_bag(rows, table, mode="sum", per_sample_weights=weights)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        """Return the gradient of the table; rows and weights have none."""
        rows, weights = ctx.saved_tensors
        order = rows.flatten().argsort(stable=True)
        ends = torch.bincount(rows.flatten(), minlength=ctx.length).cumsum(0)
        table = embedding_bag(
            order.div(rows.shape[1], rounding_mode="floor"),
            gradients[0].contiguous(),
            torch.cat([ends.new_zeros(1), ends]),
            mode="sum",
            per_sample_weights=weights.flatten()[order],
            include_last_offset=True,
        )
        return table, None, None
