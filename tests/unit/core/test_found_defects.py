"""Defects of a project: corrections are kept by searches, sessions and further images."""

from __future__ import annotations

import numpy as np
import pytest

from defect_workbench.core.errors import InputError
from defect_workbench.core.images.detections import Detection, box_of
from defect_workbench.core.project.found_defects import FoundDefects, carried_defects, drawn
from defect_workbench.storage.session.found_defect_arrays import (
    found_defect_arrays,
    found_defect_fields,
    found_defects_of,
)

PIT = Detection(box_of((1, 2, 30, 40), "pit"), 0.75, 500)
FAINT = Detection(box_of((5, 5, 9, 9), "scratch"), 0.55, 12)
FOUND = FoundDefects(((PIT, FAINT), (), None, (PIT,)), np.zeros(4, bool), "the classical finder")


def test_counts_kinds_and_the_least_sure_image() -> None:
    assert np.array_equal(FOUND.counts, [2, 0, np.nan, 1], equal_nan=True)
    assert FOUND.labels == ("pit", "scratch")
    assert FOUND.least_sure.tolist() == pytest.approx([0.1, 1, 1, 0.5])
    corrected = FOUND.with_boxes(0, FOUND.of[0] or ())
    assert corrected.least_sure[0] == pytest.approx(0.1)
    assert corrected.with_boxes(0, FOUND.of[0] or (), agreed=True).least_sure[0] == 1


def test_a_further_search_keeps_what_people_checked() -> None:
    mine = drawn(box_of((0, 0, 10, 10), "mine"))
    corrected = FOUND.with_boxes(0, [mine])
    assert not FOUND.checked.any()
    again = corrected.joined_by(FoundDefects(((FAINT,),) * 4, np.zeros(4, bool), "a detector"))
    assert again.of == ((mine,), (FAINT,), (FAINT,), (FAINT,))
    assert not again.checked.any()
    assert again.touched.tolist() == [True, False, False, False]
    assert again.source == "a detector"


def test_images_that_are_added_were_not_searched() -> None:
    corrected = FOUND.with_boxes(3, (), agreed=True)
    carried = carried_defects(corrected, np.array([3, -1, 0], np.intp))
    assert carried is not None
    assert carried.of == ((), None, (PIT, FAINT))
    assert carried.checked.tolist() == [True, False, False]
    assert carried_defects(None, np.array([0], np.intp)) is None


def test_a_session_keeps_them() -> None:
    corrected = FOUND.with_boxes(1, [drawn(box_of((0, 0, 2, 3), "mine"))])
    corrected = corrected.with_boxes(3, corrected.of[3] or (), agreed=True)
    read = found_defects_of(found_defect_fields(corrected), found_defect_arrays(corrected), 4)
    assert read is not None
    assert read.of == corrected.of
    assert read.checked.tolist() == [False, False, False, True]
    assert read.touched.tolist() == [False, True, False, True]
    assert found_defects_of({}, {}, 4) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("found_image", np.array([0, 0, 9], np.int32)),
        ("found_image", np.array([0, 0, 2], np.int32)),  # nobody searched this one
        ("found_box", np.full((3, 4), np.nan)),
        ("found_score_area_label", np.full((3, 3), 7.0)),
        ("found_checked", np.zeros(3, bool)),
    ],
)
def test_impossible_defects_are_refused(name: str, value: np.ndarray) -> None:
    arrays = {**found_defect_arrays(FOUND), name: value}
    with pytest.raises(InputError):
        found_defects_of(found_defect_fields(FOUND), arrays, 4)
