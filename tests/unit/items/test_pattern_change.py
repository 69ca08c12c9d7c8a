"""What a defect does to the pattern around it."""

import numpy as np
import pytest

from defect_workbench.core.arrays import Pixels
from defect_workbench.engine.detection.finder import find_described
from tests.unit.items.patterned import CHANGES, patterned_board


def found_changes(image: Pixels, reference: Pixels) -> list[tuple[int, ...]]:
    found = sorted(find_described(image, reference), key=lambda each: each.detection.box.x1)
    return [tuple(each.change.astype(int).tolist()) for each in found]


@pytest.mark.parametrize("seed", range(3))
def test_islands_spurs_bridges_holes_bites_and_breaks_differ(seed: int) -> None:
    made = patterned_board(seed=seed)
    assert found_changes(made.image, made.reference) == list(CHANGES.values())


def test_the_change_stays_when_the_board_is_turned() -> None:
    made = patterned_board()
    turned = [np.ascontiguousarray(np.rot90(each, 2)) for each in (made.image, made.reference)]
    assert found_changes(turned[0], turned[1]) == list(CHANGES.values())[::-1]


def test_the_change_of_a_negative_is_the_same_but_for_its_sign() -> None:
    made = patterned_board()
    found = found_changes(255 - made.image, 255 - made.reference)
    assert found == [(-sign, own, other) for sign, own, other in CHANGES.values()]


def test_defects_are_numbered_from_top_to_bottom() -> None:
    made = patterned_board()
    tops = [each.detection.box.y1 for each in find_described(made.image, made.reference)]
    assert len(tops) == len(CHANGES)
    assert tops == sorted(tops)


def test_a_defect_on_a_plain_surface_touches_nothing() -> None:
    rng = np.random.default_rng(0)
    image = np.clip(rng.normal(120, 3, (160, 160)), 0, 255)
    rows, columns = np.mgrid[:160, :160]
    image[np.hypot(rows - 50, columns - 60) < 7] += 60
    image[np.hypot(rows - 110, columns - 100) < 7] -= 60
    found = [each.change.tolist() for each in find_described(image.astype(np.uint8))]
    assert found == [[1, 0, 1], [-1, 0, 1]]
