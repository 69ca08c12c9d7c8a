"""Conformal p-values: the false alarms asked for are kept, and small classes are pooled."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from defect_workbench.core.arrays import Floats
from defect_workbench.core.classifier.conformal import Calibration
from defect_workbench.core.errors import InputError
from defect_workbench.engine.classifier.novelty import calibration_notes, with_false_alarms
from defect_workbench.storage.model.model_file import load_model
from tests.conftest import GOLDEN

SHARES = st.sampled_from([0.01, 0.02, 0.05, 0.1, 0.3, 0.5])


def made(sizes: list[int], seed: int = 0, false_alarms: float = 0.02) -> Calibration:
    labels = np.repeat(np.arange(len(sizes)), sizes)
    scores = np.random.default_rng(seed).normal(size=len(labels)) + 3 * labels
    return Calibration(scores, labels, len(sizes), false_alarms)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), SHARES, st.integers(1, 200))
def test_exchangeable_images_are_flagged_at_the_requested_rate_at_most(
    seed: int, share: float, n: int
) -> None:
    rng = np.random.default_rng(seed)
    repeats = 4000
    flagged = 0
    for scores in rng.normal(size=(repeats // 20, 20 * (n + 1))).reshape(-1, n + 1):
        calibration = Calibration(scores[1:], np.zeros(n, np.intp), 1, share)
        flagged += bool(scores[0] > calibration.thresholds()[0])
    # Five standard errors: one failure in millions of runs.
    assert flagged / repeats <= share + 5 * np.sqrt(share * (1 - share) / repeats)


def p_value(score: float, label: int, calibration: Calibration) -> float:
    """Return the p-value of an image by its definition."""
    reference = calibration.references()[label]
    return float((1 + np.count_nonzero(reference >= score)) / (len(reference) + 1))


@given(
    st.lists(st.integers(0, 120), min_size=1, max_size=5).filter(any),
    st.integers(0, 100),
    SHARES,
)
def test_thresholds_and_p_values_agree(sizes: list[int], seed: int, share: float) -> None:
    calibration = made(sizes, seed, share)
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, len(sizes), 200)
    # Scores of the calibration itself, too: ties must not be decided differently.
    scores = np.r_[rng.normal(scale=6, size=100), rng.choice(calibration.scores, 100)]
    unknown = np.array([p_value(*pair, calibration) for pair in zip(scores, labels, strict=True)])
    unknown = unknown <= share + 1e-9
    assert np.array_equal(unknown, scores > calibration.thresholds()[labels])


@given(st.lists(st.integers(0, 120), min_size=1, max_size=5).filter(any), st.integers(0, 100))
def test_a_larger_share_flags_no_fewer_of_images_with_the_same_references(
    sizes: list[int], seed: int
) -> None:
    few, many = (
        Calibration(made(sizes, seed).scores, np.zeros(sum(sizes), np.intp), 1, share)
        for share in (0.02, 0.2)
    )
    assert many.thresholds()[0] <= few.thresholds()[0]


def third_largest(scores: Floats) -> float:
    return float(np.sort(scores)[-3])


def test_small_classes_are_judged_together_and_named() -> None:
    calibration = made([149, 148, 30])
    assert calibration.pooled().tolist() == [False, True, True]
    own, *together = calibration.thresholds()
    assert own == third_largest(calibration.scores[:149])
    assert together == [third_largest(calibration.scores[149:])] * 2
    (note,) = calibration_notes(calibration, ["flake", "pit", "scratch"])
    assert "at most 2% of known images" in note
    assert note.endswith("judged by their images together: pit, scratch")


def test_a_small_pool_takes_all_images() -> None:
    calibration = made([160, 60, 9])
    own, *together = calibration.thresholds()
    assert own == third_largest(calibration.scores[:160])
    assert together == [np.sort(calibration.scores)[-4]] * 2
    (note,) = calibration_notes(calibration, ["flake", "pit", "scratch"])
    assert note.endswith("judged by all images together: pit, scratch")


def test_too_few_images_in_all_flag_nothing_and_say_so() -> None:
    calibration = made([20, 20])
    assert np.isinf(calibration.thresholds()).all()
    (note,) = calibration_notes(calibration, ["flake", "pit"])
    assert "40 images are too few" in note
    assert "at least 49 are needed" in note
    assert np.isfinite(made([20, 20], false_alarms=0.05).thresholds()).all()


@pytest.mark.parametrize("share", [0.0, -0.1, 0.51, 2.0, float("nan")])
def test_impossible_shares_are_refused(share: float) -> None:
    with pytest.raises(InputError, match="above 0 and at most"):
        with_false_alarms(load_model(GOLDEN / "staged.model"), share)


def test_an_older_model_keeps_its_threshold() -> None:
    model = load_model(GOLDEN / "staged.model")
    assert model.novelty.thresholds().tolist() == [model.novelty.threshold]
    assert with_false_alarms(model, None) is model
    with pytest.raises(InputError, match="train it again"):
        with_false_alarms(model, 0.02)
