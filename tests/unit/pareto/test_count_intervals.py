import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import hypergeom

from defect_workbench.engine.pareto.count_intervals import (
    estimated_interval,
    poisson_interval,
    share_interval,
)
from defect_workbench.engine.pareto.hypergeometric import tails


def test_intervals_of_small_counts_are_those_of_garwood() -> None:
    counts = np.array([0.0, 3.0, 14.0])
    low, high = poisson_interval(counts, counts, np.ones(3))
    # Table 40 of the Biometrika Tables for Statisticians.
    assert low == pytest.approx([0, 0.619, 7.654], abs=1e-3)
    assert high == pytest.approx([3.689, 8.767, 23.490], abs=1e-3)


def test_the_interval_of_a_rate_scales_with_its_exposure() -> None:
    low, high = poisson_interval(np.array([3 / 25]), np.array([3 / 25**2]), np.array([1 / 25]))
    assert (low[0] * 25, high[0] * 25) == pytest.approx((0.619, 8.767), abs=1e-3)


def test_intervals_of_shares_are_those_of_clopper_and_pearson() -> None:
    low, high = share_interval(np.array([0.0, 3.0, 14.0, 0.0]), np.array([14.0, 14.0, 14.0, 0.0]))
    assert low[:3] == pytest.approx([0, 0.0466, 0.7684], abs=1e-4)
    assert high[:3] == pytest.approx([0.2316, 0.5080, 1], abs=1e-4)
    assert np.isnan([low[3], high[3]]).all()


@given(st.integers(1, 400), st.data())
def test_tails_are_those_of_the_hypergeometric_distribution(total: int, data: st.DataObject) -> None:
    marked, drawn = data.draw(st.integers(0, total)), data.draw(st.integers(0, total))
    count = data.draw(st.integers(-1, total))
    expected = hypergeom.cdf(count, total, marked, drawn), hypergeom.sf(count - 1, total, marked, drawn)
    assert tails(count, total, marked, drawn) == pytest.approx(expected, abs=1e-9)


@given(st.integers(1, 300), st.data())
def test_an_estimate_for_all_images_is_possible_and_exact_if_all_were_reviewed(
    total: int, data: st.DataObject
) -> None:
    reviewed = data.draw(st.integers(1, total))
    count = data.draw(st.integers(0, reviewed))
    low, high = estimated_interval(*(np.array([value]) for value in (count, reviewed, total)))
    assert count <= low[0] <= high[0] <= total - reviewed + count
    assert low[0] <= count * total / reviewed + 1
    assert high[0] >= count * total / reviewed - 1
    if reviewed == total:
        assert low[0] == high[0] == count


def test_the_estimate_covers_the_truth_in_at_least_95_of_100_samples() -> None:
    rng = np.random.default_rng(5)
    truth, total, reviewed = 40, 500, 60
    counts = rng.hypergeometric(truth, total - truth, reviewed, 400)
    low, high = estimated_interval(counts, np.full(400, reviewed), np.full(400, total))
    assert np.mean((low <= truth) & (truth <= high)) >= 0.95
