"""The classical finder on generated boards and wafers with known defects."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from defect_workbench.core.images.detections import Box
from defect_workbench.engine.detection.finder import find_defects
from defect_workbench.engine.detection.matching import matches, overlaps
from tests.quality.wafers import LOOKS, wafer
from tests.unit.detection.boards import SIDE, Board, board

PLACES = ((40, 60), (130, 150), (60, 200), (200, 90))


def all_found(made: Board, least: float = 0.33) -> bool:
    found = find_defects(made.image, made.reference)
    indices = matches(found, made.boxes, least)
    return len(found) == len(made.boxes) and None not in indices


def test_every_defect_is_found_and_nothing_else() -> None:
    assert all_found(board(PLACES))


@pytest.mark.parametrize("shift", [(0.4, -0.7), (3.0, 2.0), (-6.3, 5.6)])
def test_a_reference_may_be_shifted_by_fractions_of_a_pixel(shift: tuple[float, float]) -> None:
    assert all_found(board(PLACES, shift=shift))


@pytest.mark.parametrize("gain", [0.5, 1.3])
def test_a_reference_may_have_another_contrast(gain: float) -> None:
    assert all_found(board(PLACES, gain=gain))


@pytest.mark.parametrize("noise", [0.0, 2.0, 8.0])
def test_a_clean_image_stays_empty_whatever_the_noise(noise: float) -> None:
    made = board(noise=noise, shift=(1.3, -2.4), gain=0.8)
    assert find_defects(made.image, made.reference) == ()


@settings(max_examples=8)
@given(seed=st.integers(0, 10_000), rows=st.integers(24, 232), columns=st.integers(24, 232))
def test_a_defect_is_found_wherever_it_lies(seed: int, rows: int, columns: int) -> None:
    made = board([(rows, columns)], seed=seed, shift=(0.6, -0.3))
    found = find_defects(made.image, made.reference)
    assert any(each.box.x1 <= columns <= each.box.x2 and each.box.y1 <= rows <= each.box.y2 for each in found)
    # A defect that is as bright as the layout in places may be found in pieces, but nothing elsewhere is.
    assert np.all(overlaps(made.boxes, [each.box for each in found]) > 0)


def test_a_faint_large_defect_is_found_that_no_pixel_shows() -> None:
    made = board([(128, 128)], radius=14, strength=9, noise=8, layout=False)
    assert len(find_defects(made.image, made.reference)) == 1


def test_a_small_defect_is_found() -> None:
    made = board([(70, 50)], radius=2, strength=70, noise=3)
    assert len(find_defects(made.image, made.reference)) == 1


def test_touching_defects_are_split() -> None:
    made = board([(60, 100), (60, 117)], radius=8, layout=False)
    assert len(find_defects(made.image, made.reference)) == 2
    assert len(find_defects(made.image)) == 2


def test_the_area_is_that_of_the_defect_and_not_of_its_box() -> None:
    made = board([(60, 100)], radius=9, layout=False)
    (found,) = find_defects(made.image, made.reference)
    assert abs(found.area / (np.pi * 9.5**2) - 1) < 0.35
    assert (found.box.x2 - found.box.x1) * (found.box.y2 - found.box.y1) > found.area


def test_boxes_are_whole_pixels_inside_the_image_and_scores_fall() -> None:
    made = board([(3, 3), (252, 250), (128, 5)], layout=False)
    found = find_defects(made.image, made.reference)
    assert found
    for each in found:
        corners = (each.box.x1, each.box.y1, each.box.x2, each.box.y2)
        assert all(value == int(value) and 0 <= value <= SIDE for value in corners)
        assert 0.5 <= each.score < 1
    assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)


def test_a_large_image_is_searched_on_fewer_pixels_with_boxes_in_its_own() -> None:
    made = board(PLACES)
    image, reference = (np.kron(each, np.ones((5, 5), np.uint8)) for each in (made.image, made.reference))
    found = find_defects(image, reference)
    boxes = [Box(5 * b.x1, 5 * b.y1, 5 * b.x2, 5 * b.y2) for b in made.boxes]
    assert len(found) == len(boxes)
    assert None not in matches(found, boxes, 0.33)


def test_defects_are_found_without_a_reference_on_a_pattern() -> None:
    made = wafer("small-particle", "lines", LOOKS["fine-quiet"], 3)
    (found,) = find_defects(made.image)
    rows, columns = np.nonzero(made.mask)
    truth = Box(columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    assert overlaps([found.box], [truth])[0, 0] > 0.33


@pytest.mark.parametrize("background", ["blank", "lines", "holes", "rough"])
@pytest.mark.parametrize("with_reference", [True, False])
def test_clean_wafers_stay_empty(background: str, with_reference: bool) -> None:
    made = wafer("clean", background, LOOKS["fine-quiet"], 5)
    assert find_defects(made.image, made.reference if with_reference else None) == ()


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (5, 400), (17, 17), (70, 64, 3)])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_tiny_and_flat_images_have_no_defects(shape: tuple[int, ...], level: int) -> None:
    pixels = np.full(shape, level, np.uint8)
    assert find_defects(pixels) == ()
    assert find_defects(pixels, pixels) == ()


def test_the_result_is_the_same_every_time() -> None:
    made = board(PLACES, shift=(1.2, 0.4))
    assert find_defects(made.image, made.reference) == find_defects(made.image, made.reference)
