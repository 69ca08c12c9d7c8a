"""The scale of images, the number of steps, and the images that are held out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from defect_workbench.engine.detector.training_plan import BATCH, crop_side, held_out, scale_for, steps_for


@pytest.mark.parametrize(
    ("box", "image", "scale"),
    [
        (31, 640, 1.0),  # boxes that suit the network
        (8, 640, 2.0),  # tiny ones are enlarged
        (90, 200, 1.6),  # small images, too
        (400, 2048, 0.24),  # large ones are reduced
    ],
)
def test_images_are_resized_so_that_boxes_suit_the_network(box: int, image: int, scale: float) -> None:
    assert scale_for([(box, box)] * 5, [(image, image)] * 3) == pytest.approx(scale, abs=0.01)


def test_long_boxes_need_larger_crops() -> None:
    assert crop_side([(30, 40)] * 10, 1.0) < crop_side([(30, 300)] * 10, 1.0)


def test_steps_follow_from_epochs_or_from_the_time() -> None:
    assert steps_for(400, 3, on_gpu=False) == (300, 3.0)
    steps, epochs = steps_for(400, None, on_gpu=False)
    assert (steps * BATCH, epochs) == (10_000, 25.0)
    assert steps_for(50_000, None, on_gpu=False)[1] == 1.0


@given(has_boxes=st.lists(st.booleans(), min_size=4, max_size=400), seed=st.integers(0, 5))
def test_some_images_are_held_out_and_most_are_not(has_boxes: list[bool], seed: int) -> None:
    if sum(has_boxes) < 2:
        has_boxes[:2] = [True, True]
    paths = [str(number) for number in range(len(has_boxes))]
    chosen = held_out(paths, has_boxes, seed)
    assert chosen == held_out(paths, has_boxes, seed)
    assert 1 <= sum(chosen) <= min(len(paths) / 2 + 1, 41)
    assert any(c and b for c, b in zip(chosen, has_boxes, strict=True))
    assert any(b and not c for c, b in zip(chosen, has_boxes, strict=True))
