"""The operators in plain torch against torchvision's own slow fallback and a naive loop."""

from __future__ import annotations

import itertools
from importlib import import_module

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from defect_workbench.core.images.detections import box_of
from defect_workbench.engine.backbone.roi_operators import nms, roi_align
from defect_workbench.engine.backbone.torchvision_gate import load_detection, torchvision
from defect_workbench.engine.detection.matching import overlaps


def _boxes(rng: np.random.Generator, number: int) -> torch.Tensor:
    corners = rng.uniform(-10, 90, (number, 2))
    return torch.from_numpy(np.hstack([corners, corners + rng.uniform(1, 60, (number, 2))]).astype("f4"))


@given(seed=st.integers(0, 1000), number=st.integers(0, 40), limit=st.floats(0.1, 0.9))
def test_suppression_keeps_what_a_naive_loop_keeps(seed: int, number: int, limit: float) -> None:
    rng = np.random.default_rng(seed)
    boxes = _boxes(rng, number)
    scores = torch.from_numpy(rng.integers(0, 10, number).astype("f4"))
    shares = overlaps([box_of(each) for each in boxes.tolist()], [box_of(each) for each in boxes.tolist()])
    wanted: list[int] = []
    for index in sorted(range(number), key=lambda i: (-float(scores[i]), i)):
        if all(shares[index, other] <= limit for other in wanted):
            wanted.append(index)
    assert nms(boxes, scores, limit).tolist() == wanted


# The fallback is wrapped for the compiler, whose import warns.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@given(seed=st.integers(0, 1000), aligned=st.booleans(), scale=st.sampled_from([1.0, 0.25]))
def test_features_of_boxes_are_those_of_torchvision(seed: int, aligned: bool, scale: float) -> None:
    rng = np.random.default_rng(seed)
    features = torch.from_numpy(rng.normal(size=(2, 3, 24, 20)).astype("f4"))
    # Inside the image: further outside, the fallback differs from the compiled operator, which takes zero.
    corners = np.sort(rng.uniform(0, 18 / scale, (4, 2, 2)), axis=1).reshape(4, 4).astype("f4")
    boxes = torch.cat([torch.tensor([[0.0], [1.0], [1.0], [0.0]]), torch.from_numpy(corners)], 1)
    # The package shows the function of this name instead of the module.
    slow = import_module("torchvision.ops.roi_align")._roi_align.__wrapped__
    wanted = slow(features, boxes, scale, 7, 7, 2, aligned)
    found = roi_align(features, boxes, 7, scale, 2, aligned)
    torch.testing.assert_close(found, wanted, atol=1e-4, rtol=1e-4)


def test_samples_far_outside_the_image_are_zero() -> None:
    features = torch.ones(1, 1, 8, 8)
    found = roi_align(features, [torch.tensor([[4.0, 2.0, 12.0, 6.0]])], (2, 2), 1.0, 2)
    # Of the right half, samples at 9 and 11, both are more than one cell outside.
    assert found[0, 0].tolist() == [[1.0, 0.0], [1.0, 0.0]]


@pytest.mark.parametrize("aligned", [False, True])
def test_features_and_gradients_are_those_of_the_plain_formula(aligned: bool) -> None:
    rng = np.random.default_rng(5)
    features = torch.from_numpy(rng.normal(size=(2, 3, 9, 11))).requires_grad_()
    # Some reach far outside, one image has no box, and one box is smaller than a cell of the grid.
    boxes = torch.cat([torch.ones(9, 1), _boxes(rng, 9) * 0.5], 1).double()
    boxes[8, 1:] = torch.tensor([7.0, 7.0, 7.2, 7.1])
    found = roi_align(features, boxes, (2, 3), 0.25, 2, aligned)
    expected = _plain_formula(features, boxes, (2, 3), 0.25, aligned)
    torch.testing.assert_close(found, expected, atol=1e-12, rtol=1e-12)
    upstream = torch.from_numpy(rng.normal(size=tuple(found.shape)))
    (gradient,) = torch.autograd.grad(found, features, upstream)
    (plain,) = torch.autograd.grad(expected, features, upstream)
    torch.testing.assert_close(gradient, plain, atol=1e-12, rtol=1e-12)
    assert gradient[1].abs().sum() > 0
    assert not gradient[0].any()


def _plain_formula(
    features: torch.Tensor, boxes: torch.Tensor, grid: tuple[int, int], scale: float, aligned: bool
) -> torch.Tensor:
    """Return the mean of four bilinear samples per cell, one after the other, for autograd."""
    height, width = features.shape[2:]
    cells = []
    for image, *corners in boxes.tolist():
        x1, y1, x2, y2 = (value * scale - 0.5 * aligned for value in corners)
        wide, high = (max(x2 - x1, 1), max(y2 - y1, 1)) if not aligned else (x2 - x1, y2 - y1)
        for row, column in itertools.product(range(grid[0]), range(grid[1])):
            total = features.new_zeros(features.shape[1])
            for dy, dx in itertools.product((0.25, 0.75), repeat=2):
                x, y = x1 + (column + dx) * wide / grid[1], y1 + (row + dy) * high / grid[0]
                if not (-1 <= x <= width and -1 <= y <= height):
                    continue
                x, y = min(max(x, 0), width - 1), min(max(y, 0), height - 1)
                left, top = int(x), int(y)
                # At the last row or column both neighbours are the same.
                for r, c in itertools.product(
                    {top, min(top + 1, height - 1)}, {left, min(left + 1, width - 1)}
                ):
                    weight = (1 - abs(x - c)) * (1 - abs(y - r)) / 4
                    total = total + features[int(image), :, r, c] * weight
            cells.append(total)
    return torch.stack(cells).view(len(boxes), *grid, -1).permute(0, 3, 1, 2)


def test_boxes_that_are_not_numbers_give_features_that_are_not_numbers() -> None:
    features = torch.ones(1, 1, 8, 8)
    nowhere = torch.tensor([[float("nan")] * 4, [1.0, 1.0, 5.0, 5.0]])
    found = roi_align(features, [nowhere], 2, 1.0, 2)
    assert found[0].isnan().all()
    assert found[1].tolist() == [[[1.0, 1.0], [1.0, 1.0]]]


def test_torchvision_uses_operators_that_work() -> None:
    load_detection()
    boxes = torch.tensor([[0.0, 0.0, 10.0, 10.0], [1.0, 1.0, 10.0, 10.0], [20.0, 20.0, 30.0, 30.0]])
    kept = torchvision.ops.boxes.batched_nms(
        boxes, torch.tensor([0.5, 0.9, 0.1]), torch.tensor([1, 1, 1]), 0.5
    )
    assert kept.tolist() == [1, 2]
