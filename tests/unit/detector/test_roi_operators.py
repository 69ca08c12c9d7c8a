"""The operators in plain torch against torchvision's own slow fallback and a naive loop."""

from __future__ import annotations

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


def test_gradients_reach_the_features() -> None:
    features = torch.zeros(1, 2, 8, 8, requires_grad=True)
    total = roi_align(features, [torch.tensor([[1.0, 1.0, 6.0, 6.0]])], (2, 2), 1.0, 2).sum()
    (gradient,) = torch.autograd.grad(total, features)
    # Each of the two channels has four cells, and the samples of a cell have a weight of 1 together.
    torch.testing.assert_close(gradient.sum(), torch.tensor(8.0))


def test_torchvision_uses_operators_that_work() -> None:
    load_detection()
    boxes = torch.tensor([[0.0, 0.0, 10.0, 10.0], [1.0, 1.0, 10.0, 10.0], [20.0, 20.0, 30.0, 30.0]])
    kept = torchvision.ops.boxes.batched_nms(
        boxes, torch.tensor([0.5, 0.9, 0.1]), torch.tensor([1, 1, 1]), 0.5
    )
    assert kept.tolist() == [1, 2]
