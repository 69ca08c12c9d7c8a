"""Repeaters, profiles and density over wafers; the generated lot."""

from __future__ import annotations

import numpy as np
import pytest

from defect_workbench.core.wafer.wafer_places import Wafer, WaferPlaces
from defect_workbench.engine.wafer.profiles import angular_profile, density_grid, radial_profile
from defect_workbench.engine.wafer.repeaters import find_repeaters
from defect_workbench.sample.wafer_lot import make_lot
from tests.unit.wafer.scenes import disc


def in_dies(count: int, seed: int, rounded_um: float = 0.0) -> WaferPlaces:
    rng = np.random.default_rng(seed)
    dies = rng.integers(-10, 11, (count, 2)).astype(np.float64)
    inside = rng.uniform(0, 1, (count, 2)) * (10_000, 12_000)
    if rounded_um:
        inside = np.round(inside / rounded_um) * rounded_um
    place = dies * (10_000, 12_000) + inside
    wafer = np.zeros(count, np.intp)
    return WaferPlaces((Wafer("1"),), wafer, *place.T, *dies.T, *inside.T)


def test_a_position_that_repeats_on_several_dies_is_found() -> None:
    places = in_dies(300, 1)
    places.in_die_x_um[:5], places.in_die_y_um[:5] = 1000.0, [500.0, 503.0, 498.0, 501.0, 505.0]
    places.die_x[:5] = range(5)
    (found,) = find_repeaters(places)
    assert found.images == (0, 1, 2, 3, 4)
    assert found.dies == 5
    assert found.p < 1e-6


def test_the_same_die_on_several_wafers_is_no_repeater() -> None:
    places = in_dies(300, 1)
    places.in_die_x_um[:5], places.in_die_y_um[:5] = 1000.0, 500.0
    places.die_x[:5], places.die_y[:5] = 2, 3
    assert find_repeaters(places) == ()


@pytest.mark.parametrize("rounded_um", [0.0, 100.0])
def test_chance_makes_no_repeaters_even_where_positions_are_rounded(rounded_um: float) -> None:
    assert [find_repeaters(in_dies(2000, seed, rounded_um)) for seed in range(5)] == [()] * 5


def test_profiles_of_evenly_spread_defects_are_flat_and_count_per_area() -> None:
    x, y = disc(np.random.default_rng(0), 40_000)
    chosen = x > 0
    radial = radial_profile(x, y, chosen, 300.0, 2)
    per_area = 40_000 / (np.pi * 15**2) / 2
    np.testing.assert_allclose(radial.every, per_area, rtol=0.1)
    np.testing.assert_allclose(radial.chosen, per_area / 2, rtol=0.12)
    angular = angular_profile(x, y, chosen, 300.0, 2)
    np.testing.assert_allclose(angular.every, per_area, rtol=0.12)
    assert angular.chosen[6:18].sum() == 0
    grid = density_grid(x, y, 300.0, 2)
    np.testing.assert_allclose(np.nanmean(grid), per_area, rtol=0.03)
    # Not lower at the edge merely because there is no wafer beyond it.
    middle = np.arange(96) - 47.5
    edge = np.hypot(*np.meshgrid(middle, middle)) > 44
    assert np.nanmean(grid[edge]) > 0.93 * per_area


def test_the_generated_lot_is_the_same_for_a_seed_and_consistent() -> None:
    lot, again, other = make_lot(3, 32), make_lot(3, 32), make_lot(4, 32)
    assert len(lot.defects) == 120
    assert all((a.picture == b.picture).all() for a, b in zip(lot.defects, again.defects, strict=True))
    assert any((a.picture != b.picture).any() for a, b in zip(lot.defects, other.defects, strict=True))
    for defect in lot.defects:
        wafer = lot.wafers[defect.wafer]
        x = defect.die_x * wafer.die_pitch_um[0] + defect.in_die_x_um - wafer.centre_um[0]
        y = defect.die_y * wafer.die_pitch_um[1] + defect.in_die_y_um - wafer.centre_um[1]
        assert (x, y) == pytest.approx((defect.x_um, defect.y_um), abs=0.1)
        assert defect.picture.shape == defect.reference.shape == (32, 32)
