"""Distances agree with SciPy's, and equal rows have none."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.spatial.distance import cdist

from defect_workbench.core.arrays import Floats
from defect_workbench.core.distances import SquaredDistances, distances, nearest_distances, nearest_rows

COLUMNS = 5


@st.composite
def rows(draw: st.DrawFn) -> Floats:
    """Some rows at any scale, a few of them twice."""
    count = draw(st.integers(1, 12))
    values = draw(arrays.arrays(np.float64, (count, COLUMNS), elements=st.floats(-1, 1)))
    repeated = draw(st.lists(st.integers(0, count - 1), max_size=6))
    scale = draw(st.sampled_from([1e-9, 1.0, 1e9]))
    return np.asarray(np.concatenate([values, values[repeated]]) * scale)


def tolerance(*parts: Floats) -> float:
    """Below it a distance is the rounding of the norms, or its square is too small for a float."""
    return 1e-6 * max(float(np.linalg.norm(part, axis=1).max()) for part in parts) + 1e-150


@settings(max_examples=80, deadline=None)
@given(rows(), rows())
def test_distances_are_scipys(first: Floats, second: Floats) -> None:
    expected = cdist(first, second)
    assert np.allclose(distances(first, second), expected, rtol=1e-6, atol=tolerance(first, second))
    assert np.allclose(nearest_distances(first, second), expected.min(axis=1), atol=tolerance(first, second))


@settings(max_examples=80, deadline=None)
@given(rows())
def test_equal_rows_have_no_distance_and_no_distance_is_negative(values: Floats) -> None:
    between = distances(values)
    equal = (values[:, None, :] == values[None, :, :]).all(axis=2)
    assert (between[equal] == 0).all()
    assert (between >= 0).all()
    assert (nearest_distances(values, values) == 0).all()


@settings(max_examples=60, deadline=None)
@given(rows(), rows(), st.integers(1, 20))
def test_nearest_rows_are_those_of_the_whole_matrix(first: Floats, second: Floats, count: int) -> None:
    whole = distances(first, second)
    found, numbers = nearest_rows(first, second, count)
    np.testing.assert_array_equal(found, np.sort(whole, axis=1)[:, :count])
    np.testing.assert_array_equal(np.take_along_axis(whole, numbers, axis=1), found)
    assert all(len(set(row)) == len(row) for row in numbers.tolist())


def test_rows_of_one_group_are_no_neighbours() -> None:
    values = np.array([[0.0], [0.1], [3.0], [10.0]])
    groups = np.array([0, 0, 1, 1])
    found, numbers = nearest_rows(values, values, 3, (groups, groups))
    assert numbers[:, :2].tolist() == [[2, 3], [2, 3], [1, 0], [1, 0]]
    assert np.allclose(found[:, 0], [3.0, 2.9, 2.9, 9.9])
    assert np.isinf(found[:, 2]).all()


@settings(max_examples=60, deadline=None)
@given(rows(), st.integers(1, 40))
def test_blocks_together_are_the_whole_whatever_their_size(values: Floats, rows_per_block: int) -> None:
    whole = distances(values) ** 2
    room = 8 * len(values) * rows_per_block
    limit = tolerance(values) ** 2 + 1e-12 * float(whole.max())
    parts = SquaredDistances(values, block_bytes=room)
    assert np.allclose(np.concatenate([part for _, part in parts.blocks()]), whole, atol=limit)
    for found, part in parts.blocks(triangle=True):
        assert np.allclose(part, whole[found, found.start :], atol=limit)


def test_five_thousand_equal_rows_are_found_equal() -> None:
    values = np.random.default_rng(0).standard_normal((5000, 100))
    assert not nearest_distances(values, values.copy()).any()


def test_no_rows_give_no_distances() -> None:
    values = np.random.default_rng(0).standard_normal((3, COLUMNS))
    assert distances(values[:0], values).shape == (0, 3)
    assert distances(np.empty((0, COLUMNS))).shape == (0, 0)
