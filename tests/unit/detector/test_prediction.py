"""Tiles of large images, views that are averaged, the threshold, and the scale of scores."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from defect_workbench.core.images.detections import Detection, box_of
from defect_workbench.engine.detection.detection_figures import Judged
from defect_workbench.engine.detector.prediction import Prediction, averaged, spans
from defect_workbench.engine.detector.threshold import best_threshold, on_scale


@given(length=st.integers(1, 8000), seed=st.integers(0, 100))
def test_each_place_of_an_image_belongs_to_exactly_one_tile(length: int, seed: int) -> None:
    places = np.random.default_rng(seed).uniform(0, length, 50)
    owners = np.zeros(50, int)
    for span in spans(length):
        assert 0 <= span.start < span.end <= length
        owned = span.owns(places)
        assert (places[owned] >= span.start).all()
        assert (places[owned] <= span.end).all()
        owners += owned
    assert (owners == 1).all()


@pytest.mark.parametrize("length", [1601, 1700, 1856, 1857, 5000])
def test_a_defect_at_the_border_of_two_tiles_is_seen_whole_by_its_own(length: int) -> None:
    first, *others = spans(length)
    assert others
    for before, after in itertools.pairwise([first, *others]):
        assert before.last == after.first
        assert before.end - before.last >= 95
        assert after.first - after.start >= 95


def _prediction(*rows: tuple[float, int, float]) -> Prediction:
    """Return squares with a side of 10 at these columns, with these labels and scores."""
    columns, labels, scores = (np.array(each) for each in zip(*rows, strict=True))
    boxes = np.stack([columns, 0 * columns, columns + 10, 0 * columns + 10], axis=1).astype(float)
    return Prediction(boxes, labels, scores)


def test_views_that_agree_give_one_box_and_others_lose_half_of_their_score() -> None:
    first = _prediction((0, 1, 0.9), (50, 1, 0.8), (90, 1, 0.6))
    second = _prediction((2, 1, 0.3), (1, 1, 0.1), (50, 2, 0.4))
    mean = averaged([first, second])
    np.testing.assert_allclose(mean.scores, [0.6, 0.4, 0.3, 0.2])
    assert mean.labels.tolist() == [1, 1, 1, 2]
    # Corners are weighted by the scores: 0.9 and 0.3.
    np.testing.assert_allclose(mean.boxes[:, 0], [0.5, 50, 90, 50])


def test_views_without_anything_are_averaged() -> None:
    nothing = Prediction(np.zeros((0, 4)), np.zeros(0, np.intp), np.zeros(0))
    assert averaged([nothing, nothing]).boxes.shape == (0, 4)
    np.testing.assert_allclose(averaged([nothing, _prediction((5, 1, 0.8))]).scores, 0.4)


def test_boxes_without_an_area_are_averaged() -> None:
    flat = Prediction(np.array([[3.0, 3.0, 3.0, 9.0]]), np.array([1]), np.array([0.8]))
    np.testing.assert_allclose(averaged([flat, flat]).scores, [0.4, 0.4])


def _judged(right: list[float], wrong: list[float]) -> Judged:
    boxes = [box_of((20 * i, 0, 20 * i + 10, 10), "a") for i in range(len(right))]
    found = [Detection(box, score, 1) for box, score in zip(boxes, right, strict=True)]
    found += [Detection(box_of((0, 50 + i, 9, 90 + i), "a"), score, 1) for i, score in enumerate(wrong)]
    return Judged("a", tuple(found), tuple(boxes))


def test_the_threshold_separates_right_from_wrong_ones() -> None:
    assert best_threshold([_judged([0.9, 0.8, 0.7], [0.3, 0.2])]) == pytest.approx(0.5, abs=0.03)
    assert best_threshold([_judged([0.3, 0.25], [])]) < 0.25
    assert best_threshold([Judged("clean", (), ())]) == 0.5
    # A network that is sure of everything still has a threshold.
    assert 0.96 < best_threshold([_judged([0.99, 0.985], [0.96, 0.95])]) < 0.985


@given(threshold=st.floats(0.1, 0.95), score=st.floats(0.05, 0.999))
def test_a_defect_at_the_threshold_has_half(threshold: float, score: float) -> None:
    scaled = on_scale(Detection(box_of((0, 0, 1, 1)), score, 1), threshold).score
    assert 0 < scaled < 1
    if abs(score - threshold) > 1e-6:
        assert (scaled >= 0.5) is (score >= threshold)
    assert on_scale(Detection(box_of((0, 0, 1, 1)), threshold, 1), threshold).score == pytest.approx(0.5)
