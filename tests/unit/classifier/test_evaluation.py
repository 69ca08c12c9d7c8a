"""Figures of a classifier."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, confusion_matrix

from defect_workbench.core.classifier.training_facts import ClassFigures
from defect_workbench.engine.classifier.evaluation import (
    calibration,
    difference,
    evaluate,
    risk_coverage,
    wilson,
)


@given(st.integers(0, 10_000))
def test_figures_agree_with_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = np.r_[np.arange(4), rng.integers(0, 4, 60)].astype(np.intp)
    decisions = np.where(rng.random(64) < 0.7, labels, rng.integers(0, 4, 64)).astype(np.intp)
    found = evaluate(labels, decisions, ["a", "b", "c", "d"], rng.random(64))
    assert found.confusion.labels == ("a", "b", "c", "d")
    assert np.array_equal(found.confusion.table, confusion_matrix(labels, decisions, labels=range(4)))
    assert found.balanced_accuracy == pytest.approx(balanced_accuracy_score(labels, decisions))
    assert found.interval[0] <= found.accuracy <= found.interval[1]


def test_a_class_without_images_or_decisions_has_no_shares() -> None:
    found = evaluate(np.array([0, 0, 1]), np.array([0, 1, 1]), ["a", "b", "c"])
    assert found.classes["c"] == ClassFigures(0, 0, None, None)
    assert found.classes["a"] == ClassFigures(2, 1, 1.0, 0.5)
    assert found.balanced_accuracy == pytest.approx(0.75)
    empty = evaluate(np.empty(0, np.intp), np.empty(0, np.intp), ["a"], np.empty(0))
    assert (empty.accuracy, empty.interval) == (0.0, (0.0, 1.0))


def test_calibration_error_is_the_gap_between_predicted_and_true() -> None:
    sure = np.full(100, 0.9)
    right = np.arange(100) < 60
    assert calibration(sure, right)[1] == pytest.approx(0.3)
    assert calibration(np.full(100, 0.6), right)[1] == pytest.approx(0.0)


def test_giving_up_doubtful_images_lowers_the_risk() -> None:
    doubt = np.arange(100.0)
    right = doubt < 95
    curve = risk_coverage(doubt, right)
    assert curve.risk[-1] == pytest.approx(0.05)
    assert curve.risk[94] == 0.0


def test_equal_doubts_are_kept_or_given_up_together() -> None:
    curve = risk_coverage(np.array([0.0, 1.0, 1.0, 1.0]), np.array([True, True, False, True]))
    assert curve.coverage.tolist() == [0.25, 1.0]


def test_wilson_stays_within_bounds() -> None:
    assert wilson(0, 20)[0] == 0.0
    assert wilson(20, 20)[1] == 1.0
    assert wilson(20, 20)[0] > 0.8


def test_two_equal_ways_differ_by_nothing() -> None:
    right = np.arange(50) % 7 > 0
    assert difference(right, right, 0) == (0.0, 0.0)
    low, _ = difference(np.ones(50, bool), right, 0)
    assert low > 0
