"""Figures of a detector, from matches that can be checked by hand."""

import numpy as np
import pytest

from defect_workbench.core.images.detections import Box, Detection
from defect_workbench.engine.detection.detection_figures import Judged, figures_of
from defect_workbench.engine.detection.matching import matches, overlaps

HERE, THERE, FAR = Box(0, 0, 10, 10, "pit"), Box(30, 30, 40, 40, "pit"), Box(70, 70, 80, 80, "scratch")


def detection(box: Box, score: float = 0.9) -> Detection:
    return Detection(Box(box.x1, box.y1, box.x2, box.y2), score, 50)


def test_overlap_is_intersection_over_union() -> None:
    assert overlaps([HERE], [Box(5, 0, 15, 10), HERE, FAR])[0].tolist() == [pytest.approx(1 / 3), 1.0, 0.0]


def test_a_box_is_matched_once_and_by_the_best_score() -> None:
    found = [detection(HERE, 0.6), detection(HERE, 0.9)]
    assert matches(found, [HERE], 0.33) == [None, 0]


def test_labels_count_only_on_request() -> None:
    assert matches([detection(HERE)], [HERE], 0.33, by_label=True) == [None]
    assert matches([detection(HERE)], [HERE], 0.33) == [0]


def test_a_perfect_detector_has_perfect_figures() -> None:
    judged = [Judged("a", (detection(HERE), detection(FAR)), (HERE, FAR)), Judged("b", (), ())]
    values = figures_of(judged).values
    assert values["ap"] == values["ap50"] == values["ap33"] == pytest.approx(1)
    assert values["recall"] == values["precision"] == values["count_exact"] == 1
    assert values["count_mae"] == values["count_bias"] == 0
    assert values["median_guess_mae"] == 1


def test_figures_follow_from_hits_misses_and_false_ones() -> None:
    judged = [
        Judged("a", (detection(HERE, 0.9), detection(FAR, 0.8)), (HERE, THERE)),
        Judged("b", (detection(HERE, 0.7),), (HERE, THERE, FAR)),
    ]
    figures = figures_of(judged)
    assert (figures.images, figures.boxes, figures.detections) == (2, 5, 3)
    assert figures.values["recall"] == pytest.approx(2 / 5)
    assert figures.values["precision"] == pytest.approx(2 / 3)
    assert figures.values["count_mae"] == 1
    assert figures.values["count_bias"] == -1
    assert figures.values["count_exact"] == 0.5
    assert figures.recall_of == {"pit": (4, 0.5), "scratch": (1, 0.0)}
    assert dict(figures.free_response)[0.125] == pytest.approx(1 / 5)
    assert dict(figures.free_response)[1.0] == pytest.approx(2 / 5)


def test_the_looser_overlap_is_never_worse() -> None:
    rng = np.random.default_rng(1)
    judged = []
    for number in range(12):
        boxes = [Box(x, x, x + 20, x + 20) for x in (10, 60, 110)]
        found = tuple(
            detection(Box(b.x1 + dx, b.y1 + dy, b.x2 + dx, b.y2 + dy), score)
            for b, (dx, dy), score in zip(
                boxes, rng.normal(0, 3, (3, 2)).tolist(), rng.uniform(0.5, 1, 3).tolist(), strict=True
            )
        )
        judged.append(Judged(str(number), found, tuple(boxes)))
    figures = figures_of(judged)
    ap, ap50, ap33 = (figures.values[name] for name in ("ap", "ap50", "ap33"))
    assert ap is not None
    assert ap50 is not None
    assert ap33 is not None
    assert ap < ap50 <= ap33
    for name, (low, high) in figures.intervals.items():
        value = figures.values[name]
        assert value is not None
        assert low <= value + 1e-9, name
        assert value <= high + 1e-9, name


def test_figures_without_any_defect_are_not_defined() -> None:
    figures = figures_of([Judged("a", (), ()), Judged("b", (), ())])
    assert figures.values["recall"] is figures.values["precision"] is figures.values["ap"] is None
    assert figures.values["count_exact"] == 1
    assert "recall" not in figures.intervals


def test_intervals_are_the_same_every_time() -> None:
    judged = [Judged(str(i), (detection(HERE),), (HERE, THERE)[: i % 3]) for i in range(9)]
    assert figures_of(judged).intervals == figures_of(judged).intervals
