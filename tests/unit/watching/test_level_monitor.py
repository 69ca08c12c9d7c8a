"""Levels: a rise is told soon and in words, and false alarms are rare."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from defect_workbench.core.classifier.conformal import Calibration
from defect_workbench.core.monitoring import Arrival, LevelAlarm, Subject
from defect_workbench.engine.monitoring.level_monitor import (
    FIRST_IMAGES,
    IMAGES_PER_FALSE_ALARM,
    LevelMonitor,
    outlier_scores,
)
from defect_workbench.engine.monitoring.share_test import rise_test

LABELS = ("bridge", "particle", "pit")
SHARES = (0.6, 0.3, 0.1)


def made_model(held_out: int = 100) -> Any:
    scores = np.random.default_rng(9).normal(size=held_out * len(LABELS))
    calibration = Calibration(scores, np.repeat(np.arange(len(LABELS)), held_out), len(LABELS))
    novelty = SimpleNamespace(calibration=calibration, thresholds=calibration.thresholds)
    return SimpleNamespace(labels=LABELS, novelty=novelty)


def arrivals(
    count: int, seed: int, unknown: float = 0.02, shares: tuple[float, ...] = SHARES
) -> list[Arrival]:
    rng = np.random.default_rng(seed)
    is_unknown = rng.random(count) < unknown
    labels = rng.choice(len(LABELS), size=count, p=shares)
    typical = rng.random(count) < 0.9
    return [
        Arrival(LABELS[label], not new, 1.5 if new else (-3.0 if usual else 0.9))
        for label, new, usual in zip(labels.tolist(), is_unknown.tolist(), typical.tolist(), strict=True)
    ]


def told(monitor: LevelMonitor, images: list[Arrival]) -> list[LevelAlarm]:
    return [alarm for image in images for alarm in monitor.add(image)]


def test_no_alarm_is_raised_while_everything_is_as_usual() -> None:
    assert told(LevelMonitor(made_model()), arrivals(20_000, seed=1)) == []


def test_a_rise_of_unknown_images_raises_an_alarm_and_so_does_its_end() -> None:
    monitor = LevelMonitor(made_model())
    assert told(monitor, arrivals(1000, seed=2)) == []
    rise, *more = told(monitor, arrivals(600, seed=3, unknown=0.12))
    assert (rise.subject, rise.rose, more) == (Subject("unknown"), True, [])
    assert 900 < rise.after - rise.images < 1100
    assert 0.05 < rise.share < 0.25
    assert rise.words.startswith("unknown images rose from ")
    assert f"within the last {rise.images} images" in rise.words
    end, *more = told(monitor, arrivals(1000, seed=4))
    assert (end.rose, more) == (False, [])
    assert "unknown images fell back to" in end.words


def test_unknown_images_raise_an_alarm_from_the_first_one_on() -> None:
    alarms = told(LevelMonitor(made_model()), arrivals(FIRST_IMAGES // 2, seed=5, unknown=0.4))
    assert [alarm.words.split(" to ")[0] for alarm in alarms] == ["unknown images rose from 2%"]


def test_a_label_that_becomes_frequent_and_images_that_become_untypical_raise_alarms() -> None:
    monitor = LevelMonitor(made_model())
    told(monitor, arrivals(1000, seed=6))
    (label,) = told(monitor, arrivals(500, seed=7, shares=(0.4, 0.2, 0.4)))
    assert label.subject == Subject("label", "pit")
    monitor = LevelMonitor(made_model())
    told(monitor, arrivals(1500, seed=8))
    (drift,) = told(monitor, [Arrival("bridge", True, 0.9) for _ in range(20)] * 1)[:1]
    assert drift.subject == Subject("untypical", "bridge")
    assert "of this label" in drift.words


def test_a_restart_gives_the_same_alarms() -> None:
    images = arrivals(700, seed=10) + arrivals(400, seed=11, unknown=0.3)
    assert told(LevelMonitor(made_model()), images) == told(LevelMonitor(made_model()), images) != []


@pytest.mark.parametrize("share", [0.02, 0.3])
def test_the_bound_on_false_alarms_holds(share: float) -> None:
    rng, images, alarms = np.random.default_rng(12), 60_000, 0
    test = rise_test(share, IMAGES_PER_FALSE_ALARM)
    for event in (rng.random(images) < share).tolist():
        if test.add(event):
            alarms += 1
            test = rise_test(share, IMAGES_PER_FALSE_ALARM)
    assert 1 <= alarms <= images / IMAGES_PER_FALSE_ALARM


def test_outlier_scores_are_above_one_for_unknown_images() -> None:
    scores = outlier_scores([3.0, 3.0, 9.0], [0, 1, 1], [2.5, np.inf])
    assert scores == [1.5, 0.0, 0.0]
    assert outlier_scores([1.0, 4.0], [1, 0], [2.0]) == [0.0, 3.0]
