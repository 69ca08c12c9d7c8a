import numpy as np
import pytest
from scipy.stats import binom, fisher_exact

from defect_workbench.core.pareto.class_counts import Basis, ClassCounts, CountedClass, Measure
from defect_workbench.engine.pareto.lot_changes import change_p_values, holm
from defect_workbench.engine.pareto.pareto_analysis import analyse


def table(
    counts: list[list[int]], wafers: list[float] | None = None, totals: list[int] | None = None
) -> ClassCounts:
    numbers = np.array(counts, np.int64)
    groups = len(counts)
    return ClassCounts(
        "lot",
        Basis.NAMED,
        tuple("ABCDEFGH"[:groups]),
        tuple(CountedClass(name, "#4477AA") for name in ("pits", "scratches", "residue")[: numbers.shape[1]]),
        numbers,
        numbers.sum(axis=1) if totals is None else np.array(totals, np.int64),
        np.full(groups, np.nan) if wafers is None else np.array(wafers),
        np.full(groups, np.nan),
    )


def test_after_steady_groups_it_is_the_conditional_binomial_test() -> None:
    counts, wafers = np.array([*[[20]] * 12, [50]]), np.array([*[2.0] * 12, 3.0])
    found, _ = change_p_values(counts, wafers, shares=False)
    assert np.isnan(found[0, 0])
    assert found[12, 0] == pytest.approx(2 * binom.sf(49, 290, 3 / 27), rel=0.3)


def test_after_steady_groups_shares_are_compared_by_fishers_test() -> None:
    counts, images = np.array([*[[80, 20]] * 12, [65, 35]]), np.full(13, 100.0)
    found, _ = change_p_values(counts, images, shares=True)
    # Its other side is rarer, so that doubling one is not quite the same.
    expected = fisher_exact(np.array([[240, 960], [35, 65]])).pvalue
    assert found[12].tolist() == pytest.approx([expected, expected], rel=0.6)


def test_two_groups_may_differ_by_an_assumed_variation() -> None:
    found, _ = change_p_values(np.array([[9], [42]]), np.array([3.0, 3.0]), shares=False)
    assert 2 * binom.sf(41, 51, 1 / 2) < found[1, 0] < 0.02
    many, _ = change_p_values(np.array([[3000], [4200]]), np.array([3.0, 3.0]), shares=False)
    assert many[1, 0] > 0.2


def test_lots_that_vary_anyway_make_a_rise_less_significant() -> None:
    steady, _ = change_p_values(np.array([[30], [30], [30], [60]]), np.ones(4), shares=False)
    varying, _ = change_p_values(np.array([[10], [30], [50], [60]]), np.ones(4), shares=False)
    assert steady[3, 0] < 0.02
    assert varying[3, 0] > 0.1


def test_corrected_p_values_are_those_of_holm() -> None:
    attainable = np.array([0.0, 0.0, 0.0, 0.5])
    corrected = holm(np.array([0.01, 0.04, 0.03, 0.5]), attainable)
    assert corrected == pytest.approx([0.03, 0.06, 0.06, 1.0])


@pytest.mark.parametrize("variation", [0.0, 0.2])
def test_false_alarms_are_rare_whether_lots_vary_or_not(variation: float) -> None:
    rng = np.random.default_rng(7)
    rates, lots, runs = np.array([0.3, 1.0, 3.0, 8.0]), 5, 120
    alarms = 0
    for _ in range(runs):
        wafers = rng.integers(1, 26, lots).astype(np.float64)
        factors = rng.gamma(1 / variation, variation, (lots, 4)) if variation else 1.0
        counts = rng.poisson(wafers[:, None] * rates * factors)
        alarms += bool(np.nanmin(holm(*change_p_values(counts, wafers, shares=False))) < 0.05)
    # At a rate of 5%, more than 12 of 120 happen in one of 100 cases.
    assert alarms <= 12


def test_a_rise_is_described_per_wafer() -> None:
    chart = analyse(table([[9, 30], [8, 27], [10, 33], [56, 28]], [3.0, 3.0, 3.0, 4.0]), Measure.WAFER)
    (change,) = chart.changes
    assert (change.group, change.class_, change.rose) == (3, 0, True)
    assert change.words.startswith("pits rose from 3 to 14 per wafer in lot D (p ")
    assert chart.verdict == ""


def test_nothing_is_reported_if_nothing_changed_and_the_reason_is_given() -> None:
    chart = analyse(table([[9, 30], [8, 27], [10, 33]]))
    assert chart.changes == ()
    assert chart.findings == ("no significant change in 4 comparisons",)


def test_counts_are_scaled_to_all_images_where_a_part_has_a_class() -> None:
    chart = analyse(table([[12, 48], [12, 48]], totals=[60, 500]))
    assert chart.scaled
    assert chart.values.tolist() == [[12, 48], [100, 400]]
    assert (chart.low[1, 0], chart.high[1, 0]) == (57, 158)
    assert "120 of 560 images have a class" in chart.notes[0]
    # The shares are the same, so nothing changed.
    assert chart.changes == ()


def test_a_group_of_which_nothing_was_reviewed_has_no_values() -> None:
    chart = analyse(table([[5, 5], [0, 0], [4, 6]], totals=[10, 40, 10]))
    assert np.isnan(chart.values[1]).all()
    assert np.isfinite(chart.class_values).all()
    assert any("no image of B" in note for note in chart.notes)
