"""Principal components and axes agree with the singular value decomposition and with each other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from defect_workbench.core.arrays import Floats
from defect_workbench.core.normalisation import column_spread, unit_rows
from defect_workbench.engine.features import pca
from defect_workbench.engine.features.pca import leading_axes, principal_components
from defect_workbench.engine.linear_algebra.block_lanczos import leading_eigenvectors


@settings(max_examples=40, deadline=None)
@given(st.integers(6, 40), st.integers(6, 40), st.integers(1, 5), st.integers(0, 99))
def test_components_are_those_of_the_singular_value_decomposition(
    rows: int, columns: int, count: int, seed: int
) -> None:
    values = np.random.default_rng(seed).standard_normal((rows, columns)) * np.linspace(3, 0.2, columns)
    values -= values.mean(axis=0)
    found = principal_components(values, count)
    left, sizes, _ = np.linalg.svd(values, full_matrices=False)
    assert np.allclose(np.abs(found), np.abs(left[:, :count] * sizes[:count]), atol=1e-6)
    assert (found[np.abs(found).argmax(axis=0), np.arange(found.shape[1])] > 0).all()


@pytest.mark.parametrize("shape", [(60, 20), (20, 60)])
def test_coordinates_on_the_leading_axes_have_a_mean_square_of_one_each(shape: tuple[int, int]) -> None:
    values = np.random.default_rng(1).standard_normal(shape) + 5
    axes = leading_axes(values, 8)
    coordinates = (values - values.mean(axis=0)) @ axes
    assert axes.shape == (shape[1], 8)
    assert (coordinates**2).sum(axis=1).mean() == pytest.approx(8)
    components = principal_components(values - values.mean(axis=0), 8)
    ratio = np.linalg.norm(components) / np.linalg.norm(coordinates)
    assert np.allclose(np.abs(coordinates) * ratio, np.abs(components), atol=1e-8)


def positive(size: int, rank: int, falling: float) -> Floats:
    """A positive semidefinite matrix whose eigenvalues fall by a power of their number."""
    axes = np.linalg.qr(np.random.default_rng(size + rank).standard_normal((size, rank)))[0]
    matrix: Floats = (axes * np.arange(1.0, rank + 1) ** -falling) @ axes.T
    return (matrix + matrix.T) / 2


@pytest.mark.parametrize(("rank", "falling"), [(400, 1.6), (400, 0.2), (50, 1.0), (6, 1.0), (1, 1.0)])
def test_block_lanczos_finds_what_lapack_finds(rank: int, falling: float) -> None:
    matrix = positive(400, rank, falling)
    found = leading_eigenvectors(matrix, 8)
    assert found is not None
    values, vectors = found
    exact, axes = np.linalg.eigh(matrix)
    assert np.allclose(values, exact[-8:], atol=1e-12)
    there = min(rank, 8)
    assert np.allclose(np.abs((vectors * axes[:, -8:]).sum(axis=0))[8 - there :], 1, atol=1e-9)
    assert not vectors[:, : 8 - there].any()
    again = leading_eigenvectors(matrix, 8)
    assert again is not None
    assert np.array_equal(again[1], vectors)


def test_block_lanczos_of_nothing_is_nothing() -> None:
    found = leading_eigenvectors(np.zeros((60, 60)), 3)
    assert found is not None
    assert not found[0].any()
    assert not found[1].any()


@pytest.mark.parametrize("shape", [(150, 120), (120, 150)])
def test_components_of_large_matrices_are_those_of_small_ones(
    shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    values = np.random.default_rng(5).standard_normal(shape) * np.arange(1.0, shape[1] + 1) ** -0.5
    values = np.concatenate([values, values[:10]])
    values -= values.mean(axis=0)
    by_lapack = principal_components(values, 9)
    monkeypatch.setattr(pca, "LAPACK_SIZE", 0)
    by_iteration = principal_components(values, 9)
    assert np.allclose(by_iteration, by_lapack, atol=1e-8)
    assert np.array_equal(by_iteration[-10:], by_iteration[:10])


@pytest.mark.parametrize("rows", [1, 3])
def test_equal_rows_have_no_axis_but_one_of_zeros_or_no_length(rows: int) -> None:
    axes = leading_axes(np.ones((rows, 4)), 3)
    assert not axes.any()
    assert len(axes) == 4


def test_rows_are_brought_to_unit_norm_and_constant_columns_are_divided_away() -> None:
    values = np.array([[3.0, 4.0, 7.0], [0.0, 0.0, 7.0]], np.float32)
    assert np.allclose(np.linalg.norm(unit_rows(values), axis=1), 1)
    assert not unit_rows(np.zeros((2, 3))).any()
    assert column_spread(values).tolist() == [1.5, 2.0, np.inf]
