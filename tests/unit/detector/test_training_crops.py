"""Boxes stay on their defects whatever crop is taken."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from defect_workbench.engine.detector.training_crops import KeptPlanes, MarkedImage, crop_starts, random_crop


def _marked(height: int, width: int, seed: int) -> tuple[MarkedImage, np.ndarray]:
    """Return a black image with three bright rectangles, and their boxes."""
    rng = np.random.default_rng(seed)
    planes = np.zeros((height, width, 3), np.uint8)
    boxes = []
    for number in range(3):
        x1, y1 = 10 + 40 * number, int(rng.integers(5, height - 40))
        x2, y2 = x1 + int(rng.integers(8, 28)), y1 + int(rng.integers(8, 28))
        planes[y1:y2, x1:x2] = 200
        boxes.append((x1, y1, x2, y2))
    return MarkedImage("a.png", np.array(boxes, float), np.array([1, 2, 3]), (height, width)), planes


@given(
    seed=st.integers(0, 10_000),
    height=st.integers(140, 240),
    width=st.integers(140, 240),
    side=st.sampled_from([64, 96]),
    coloured=st.booleans(),
)
def test_a_box_lies_on_its_defect(seed: int, height: int, width: int, side: int, coloured: bool) -> None:
    image, planes = _marked(height, width, seed)
    crop = random_crop(image, planes, side, coloured, np.random.default_rng(seed))
    assert crop.planes.shape == (side, side, 3)
    assert crop.boxes.shape == (len(crop.labels), 4)
    bright = crop.planes[:, :, 0].astype(int) > 80
    hidden = bright.copy()
    for x1, y1, x2, y2 in crop.boxes:
        assert 0 <= x1 < x2 <= side
        assert 0 <= y1 < y2 <= side
        # Edges are blurred by the change of scale.
        inside = bright[int(y1) + 2 : int(y2) - 1, int(x1) + 2 : int(x2) - 1]
        assert inside.all()
        hidden[max(0, int(y1) - 2) : int(y2) + 3, max(0, int(x1) - 2) : int(x2) + 3] = False
    # What is left are defects of which less than 40% are in the crop, enlarged by 1.4 at most.
    assert hidden.sum() <= sum(0.4 * 2.2 * (b[2] - b[0]) * (b[3] - b[1]) for b in image.boxes)


def test_what_a_small_image_does_not_fill_is_grey() -> None:
    image, planes = _marked(60, 130, 1)
    crop = random_crop(image, planes[:, :, :], 160, True, np.random.default_rng(1))
    # The image fills a corner of the crop, at most 1.4 times as large as it is.
    grey = (crop.planes[:, :, 1] == 128).mean()
    assert 1 - 60 * 130 * 2 / 160**2 < grey < 1
    assert len(crop.boxes) >= 2


def test_only_the_first_plane_varies_if_the_others_are_deviations() -> None:
    image, planes = _marked(100, 150, 1)
    planes[:, :, 1:] = 128
    for seed in range(10):
        crop = random_crop(image, planes, 64, True, np.random.default_rng(seed))
        assert (crop.planes[:, :, 1:] == 128).all(), seed


def test_larger_images_have_more_crops() -> None:
    images = [MarkedImage("a", np.zeros((0, 4)), np.zeros(0, int), s) for s in ((640, 640), (200, 200))]
    assert np.bincount(crop_starts(images, 320)).tolist() == [4, 1]


def test_planes_that_do_not_fit_into_memory_are_read_again() -> None:
    asked: list[int] = []

    def read(index: int) -> np.ndarray:
        asked.append(index)
        return np.zeros((10, 10, 3), np.uint8)

    planes = KeptPlanes(read, most_bytes=500)
    for index in (0, 1, 0, 1):
        assert planes[index].shape == (10, 10, 3)
    assert asked == [0, 1, 1]
