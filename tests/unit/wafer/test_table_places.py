"""Places on wafers from the columns of a table."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from defect_workbench.core.table_columns import Cell, Column, ColumnKind
from defect_workbench.core.wafer.project_places import wafer_labels
from defect_workbench.core.wafer.table_places import places_in_columns
from defect_workbench.core.wafer.wafer_places import NO_WAFER, Wafer


def numbers(name: str, *cells: float | None) -> Column:
    return Column(name, ColumnKind.NUMBER, cells)


def texts(name: str, *cells: str | None) -> Column:
    return Column(name, ColumnKind.TEXT, cells)


@pytest.mark.parametrize(
    ("x_name", "y_name"),
    [
        ("x_um", "y_um"),
        ("X [µm]", "Y [µm]"),
        ("XPos_um", "YPos_um"),
        ("wafer x (um)", "wafer y (um)"),
        ("x", "y"),
    ],
)
def test_usual_names_of_coordinates_are_recognised(x_name: str, y_name: str) -> None:
    found = places_in_columns([numbers(x_name, 1000.0, -90_000.0), numbers(y_name, 0.0, 5.0)])
    assert found is not None
    assert found.places.x_um.tolist() == [1000.0, -90_000.0]
    assert found.places.y_um.tolist() == [0.0, 5.0]
    assert x_name in found.words


@given(
    millimetres=st.lists(st.floats(-148, 148), min_size=3, max_size=8),
    unit=st.sampled_from([("um", 1000.0), ("mm", 1.0), ("nm", 1e6)]),
    in_name=st.booleans(),
)
def test_the_unit_is_in_the_name_or_follows_from_the_size(
    millimetres: list[float], unit: tuple[str, float], in_name: bool
) -> None:
    # At least one is so far out that the unit can be told.
    values = np.array([*millimetres, 120.0])
    suffix = f"_{unit[0]}" if in_name else ""
    columns = [numbers(f"{axis}{suffix}", *(values * unit[1]).tolist()) for axis in "xy"]
    found = places_in_columns(columns)
    assert found is not None
    np.testing.assert_allclose(found.places.x_um, 1000 * values, atol=1e-3)
    assert ("read as" in found.words) != in_name


def test_wafers_are_distinguished_by_lot_wafer_and_slot_in_natural_order() -> None:
    columns = [
        texts("LotID", "A", "A", "A", None),
        Column("Wafer", ColumnKind.NUMBER, (10.0, 2.0, 10.0, None)),
        numbers("x_mm", 1.0, 2.0, 3.0, 4.0),
        numbers("y_mm", 1.0, 2.0, 3.0, 4.0),
    ]
    found = places_in_columns(columns)
    assert found is not None
    assert [wafer.name for wafer in found.places.wafers] == ["2", "10"]
    assert found.places.wafer_of.tolist() == [1, 0, 1, NO_WAFER]
    assert wafer_labels(found.places.wafers) == ["wafer 2", "wafer 10"]


@pytest.mark.parametrize(
    ("reach_mm", "diameter"), [(40.0, 100.0), (60.0, 150.0), (95.0, 200.0), (149.0, 300.0)]
)
def test_an_unknown_diameter_is_the_smallest_that_holds_all(reach_mm: float, diameter: float) -> None:
    found = places_in_columns([numbers("x_mm", 0.0, reach_mm), numbers("y_mm", 0.0, 0.0)])
    assert found is not None
    assert found.places.wafers[0].diameter_mm == diameter


def test_a_diameter_of_defects_is_not_that_of_the_wafer() -> None:
    columns = [numbers("x_mm", 0.0, 70.0), numbers("y_mm", 0.0, 0.0), numbers("diameter", 0.3, 1.2)]
    found = places_in_columns(columns)
    assert found is not None
    assert found.places.wafers[0].diameter_mm == 150.0


def test_pitch_and_centre_follow_from_place_and_place_in_the_die() -> None:
    rng = np.random.default_rng(0)
    die = rng.integers(-6, 7, (30, 2)).astype(float)
    inside = rng.uniform(0, 1, (30, 2)) * (9000, 7000)
    place = die * (9000, 7000) + inside - (4500, 3500)
    names = ("die_x", "die_y", "xrel_um", "yrel_um", "x_um", "y_um")
    values = np.concatenate([die, inside, place], axis=1).T.tolist()
    found = places_in_columns([numbers(name, *cells) for name, cells in zip(names, values, strict=True)])
    assert found is not None
    wafer = found.places.wafers[0]
    assert wafer.die_pitch_um == pytest.approx((9000, 7000))
    assert wafer.centre_um == pytest.approx((4500, 3500))


def test_places_follow_from_dies_and_their_pitch() -> None:
    cells: dict[str, tuple[Cell, ...]] = {
        "XINDEX": (-1.0, 0.0, 1.0), "YINDEX": (0.0, 0.0, 0.0), "XREL": (500.0, 500.0, 500.0),
        "YREL": (100.0, 200.0, 300.0), "DIEPITCHX": (20_000.0,) * 3, "DIEPITCHY": (20_000.0,) * 3,
    }  # fmt: skip
    found = places_in_columns([Column(name, ColumnKind.NUMBER, each) for name, each in cells.items()])
    assert found is not None
    assert np.diff(found.places.x_um).tolist() == [20_000.0, 20_000.0]


def test_coordinates_from_the_corner_of_the_wafer_are_moved_to_its_centre() -> None:
    values = np.linspace(5, 290, 40).tolist()
    found = places_in_columns([numbers("x_mm", *values), numbers("y_mm", *values)])
    assert found is not None
    assert found.places.x_um[0] == pytest.approx(-145_000)
    assert "lower left corner" in found.words


def test_a_table_without_places_has_none() -> None:
    assert places_in_columns([texts("wafer", "1"), numbers("dose", 3.0)]) is None
    assert places_in_columns([texts("x", "left"), texts("y", "right")]) is None
    assert places_in_columns([]) is None


def test_wafers_with_equal_names_are_distinguished_by_lot_then_by_time() -> None:
    wafers = [Wafer("1", lot="A"), Wafer("1", lot="B"), Wafer("2", lot="A")]
    assert len(set(wafer_labels(wafers))) == 3
    twice = [Wafer("1", lot="A", time="2026-01-01 08:00:00"), Wafer("1", lot="A", time="2026-01-02 08:00:00")]
    assert len(set(wafer_labels(twice))) == 2
    assert len(set(wafer_labels([Wafer("1"), Wafer("1")]))) == 2
