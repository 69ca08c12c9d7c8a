"""The residual of an image: against its reference, and against its own background."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from defect_workbench.engine.defect_map.alignment import aligned
from defect_workbench.engine.defect_map.residuals import (
    as_picture,
    from_itself,
    from_reference,
    is_explained,
)
from defect_workbench.engine.preprocessing.background import Plane

SIDE = 128


def layout(seed: int = 0) -> Plane:
    """A smooth surface without a period."""
    random = np.random.default_rng(seed)
    rough = ndimage.gaussian_filter(random.standard_normal((SIDE, SIDE)), 4)
    return np.asarray(128 + 40 * rough / rough.std(), np.float32)


def noisy(plane: Plane, seed: int, level: float = 3.0) -> Plane:
    return np.asarray(plane + np.random.default_rng(seed).normal(0, level, plane.shape), np.float32)


def with_spot(plane: Plane, row: int, column: int, height: float) -> Plane:
    rows, columns = np.indices(plane.shape)
    spot = height * np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / (2 * 3.0**2))
    return np.asarray(plane + spot, np.float32)


def peak(values: Plane) -> tuple[int, int]:
    row, column = np.unravel_index(int(np.abs(values).argmax()), values.shape)
    return int(row), int(column)


@pytest.mark.parametrize("height", [60.0, -60.0])
def test_reference_leaves_the_defect_alone_with_its_sign(height: float) -> None:
    surface = layout()
    image = noisy(with_spot(surface, 40, 90, height), 1)
    left = from_reference(image, noisy(surface, 2))
    assert np.hypot(*(np.array(peak(left)) - (40, 90))) < 4
    assert np.sign(left[peak(left)]) == np.sign(height)
    assert np.abs(left[80:, :60]).max() < 5


def test_reference_of_other_contrast_brightness_and_shading() -> None:
    surface = layout()
    shading = np.linspace(0, 30, SIDE, dtype=np.float32)[:, None]
    image = noisy(with_spot(1.4 * surface - 30, 64, 64, 70), 1) + shading
    left = from_reference(np.asarray(image, np.float32), noisy(surface, 2))
    assert np.hypot(*(np.array(peak(left)) - (64, 64))) < 4


def test_clean_image_has_no_strong_residual() -> None:
    surface = layout()
    assert np.abs(from_reference(noisy(surface, 1), noisy(surface, 2))).max() < 5


@given(st.floats(-3, 3), st.floats(-3, 3))
def test_reference_is_aligned_to_a_fraction_of_a_pixel(down: float, right: float) -> None:
    surface = layout()
    moved = np.asarray(ndimage.shift(surface, (down, right), order=3, mode="nearest"), np.float32)
    inner = slice(8, -8)
    before = np.abs(surface - moved)[inner, inner].mean()
    after = np.abs(aligned(surface, moved) - moved)[inner, inner].mean()
    assert after <= before
    assert after < 1.0


def test_shift_of_a_periodic_pattern_is_distinguished_from_a_step_to_the_next_line() -> None:
    lines = np.tile(128 + 60 * np.sign(np.sin(2 * np.pi * np.arange(SIDE) / 12)), (SIDE, 1))
    image = noisy(np.asarray(lines, np.float32), 3)
    np.testing.assert_array_equal(aligned(np.asarray(lines, np.float32), image), lines.astype(np.float32))


def test_own_pattern_is_removed_and_the_defect_stays() -> None:
    lines = 128 + 40 * np.sin(2 * np.pi * np.arange(SIDE) / 11)
    image = noisy(with_spot(np.tile(lines, (SIDE, 1)).astype(np.float32), 30, 70, 90), 4)
    left = from_itself(image)
    assert np.hypot(*(np.array(peak(left)) - (30, 70))) < 5


def test_pattern_with_noise_is_explained_and_coarse_texture_is_not() -> None:
    lines = 128 + 40 * np.sin(2 * np.pi * np.arange(SIDE) / 11)
    assert is_explained(noisy(np.tile(lines, (SIDE, 1)).astype(np.float32), 5))
    blocks = np.random.default_rng(6).integers(0, 2, (16, 16)).repeat(8, 0).repeat(8, 1) * 255
    assert not is_explained(np.asarray(blocks, np.float32))


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (5, 4), (64, 64)])
def test_constant_and_tiny_images_have_finite_residuals(shape: tuple[int, int]) -> None:
    plane = np.full(shape, 7, np.float32)
    for left in (from_itself(plane), from_reference(plane, plane)):
        assert left.shape == shape
        assert np.abs(left).max() < 1e-3
    assert np.abs(as_picture(plane * 0) - 127.5).max() == 0


def test_residual_that_is_faint_beside_a_defect_is_drawn_faint() -> None:
    plane = np.zeros((SIDE, SIDE), np.float32)
    plane[40] = 20
    assert as_picture(plane).max() > 225
    plane[60:70, 60:70] = -120
    drawn = as_picture(plane)
    assert drawn.min() < 20
    assert drawn.max() < 165
    # Noise alone is never drawn strongly.
    assert np.abs(as_picture(np.full((SIDE, SIDE), 1, np.float32)) - 127.5).max() < 40
