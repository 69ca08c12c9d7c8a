"""Errors are missed, invented, or of the wrong kind."""

from __future__ import annotations

import pytest

from defect_workbench.core.detector.detection_error import ErrorKind
from defect_workbench.core.images.detections import Detection, box_of
from defect_workbench.engine.detection.detection_errors import errors_of, most_errors_first
from defect_workbench.engine.detection.detection_figures import Judged, figures_of

_PIT, _BUMP = box_of((0, 0, 10, 10), "pit"), box_of((50, 50, 60, 60), "bump")


def _found(*boxes: object) -> tuple[Detection, ...]:
    return tuple(Detection(box_of(*box), 0.8, 100) for box in boxes)  # type: ignore[misc]


def test_each_error_has_its_kind() -> None:
    judged = Judged("a", _found(((1, 1, 10, 10), "bump"), ((80, 80, 90, 90), "pit")), (_PIT, _BUMP))
    errors = errors_of(judged, by_label=True)
    assert [(each.kind, each.found, each.marked) for each in errors] == [
        (ErrorKind.WRONG_KIND, "bump", "pit"),
        (ErrorKind.MISSED, "", "bump"),
        (ErrorKind.INVENTED, "pit", ""),
    ]
    assert [each.kind for each in errors_of(judged, by_label=False)] == [
        ErrorKind.MISSED,
        ErrorKind.INVENTED,
    ]


def test_images_with_most_errors_come_first_and_faultless_ones_not_at_all() -> None:
    right = Judged("right", _found(((0, 0, 10, 10), "pit")), (_PIT,))
    one = Judged("one", (), (_PIT,))
    two = Judged("two", (), (_PIT, _BUMP))
    assert [path for path, _ in most_errors_first([right, one, two], by_label=True)] == ["two", "one"]


def test_what_is_below_the_threshold_counts_for_average_precision_only() -> None:
    unsure = _found(((0, 0, 10, 10), "pit"))
    figures = figures_of([Judged("a", (), (_PIT,), unsure)], by_label=True)
    assert figures.values["ap50"] == pytest.approx(1)
    assert (figures.values["recall"], figures.detections, figures.values["count_mae"]) == (0, 0, 1)
    assert figures.free_response[0] == (0.125, 1.0)
