"""How rare each place of an image is among the other places of the same image."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from defect_workbench.core.arrays import Pixels, StorableVectors, Vectors
from defect_workbench.core.images.defect_maps import MapSource
from defect_workbench.engine.defect_map.describe import Comparison, Subject, describe
from defect_workbench.engine.defect_map.rarity import rarity
from defect_workbench.engine.defect_map.tiles import joined, split

SIDE = 28


def tensor_of(grid: Vectors, shape: tuple[int, int]) -> torch.Tensor:
    """Return the patches of tiles, given as (height, width, columns) over the image."""
    columns = [split(np.ascontiguousarray(grid[..., i]), shape) for i in range(grid.shape[-1])]
    return torch.from_numpy(np.stack(columns, -1).reshape(shape[0] * shape[1], SIDE * SIDE, -1))


def pattern(shape: tuple[int, int]) -> Vectors:
    """A pattern that repeats every four places, with a little noise."""
    rows, columns = np.mgrid[: shape[0] * SIDE, : shape[1] * SIDE]
    waves = [np.sin(np.pi * rows / 2), np.cos(np.pi * columns / 2), np.ones(rows.shape)]
    noise = np.random.default_rng(0).normal(0, 0.02, (*rows.shape, 3))
    return np.asarray(np.stack(waves, -1) + noise, np.float32)


@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (2, 2)])
def test_a_place_that_no_other_resembles_is_rare_and_a_pattern_is_not(shape: tuple[int, int]) -> None:
    grid = pattern(shape)
    grid[10:12, 15:17] = 3, -2, 0
    found = rarity(tensor_of(grid, shape), shape)
    assert found.shape == (shape[0] * SIDE, shape[1] * SIDE)
    assert np.median(found) == pytest.approx(1, rel=0.01)
    rare = found > 10
    assert rare[10:12, 15:17].all()
    assert rare.sum() == 4


def test_a_texture_of_which_there_is_much_is_not_rare() -> None:
    grid = pattern((1, 1))
    grid[:, 14:] += 5
    assert rarity(tensor_of(grid, (1, 1)), (1, 1)).max() < 3


def test_an_image_of_one_value_has_nothing_rare() -> None:
    np.testing.assert_array_equal(rarity(torch.ones(1, SIDE * SIDE, 4), (1, 1)), np.ones((SIDE, SIDE)))


@settings(max_examples=12)
@given(st.integers(0, 2**16), st.sampled_from([(1, 1), (2, 1)]), st.floats(0.1, 100))
def test_it_does_not_depend_on_the_scale_of_the_activations(
    seed: int, shape: tuple[int, int], scale: float
) -> None:
    given = np.random.default_rng(seed).normal(size=(shape[0], SIDE * SIDE, 6)).astype(np.float32)
    found = rarity(torch.from_numpy(given), shape)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(rarity(torch.from_numpy(given * scale), shape), found, rtol=1e-2)


class ByPixels:
    """A network whose activations are the means over its pixels."""

    device = "cpu"

    def embed(self, images: Pixels) -> dict[str, StorableVectors]:
        raise AssertionError("nothing but the places is described")

    def patch_activations(self, images: Pixels) -> dict[str, torch.Tensor]:
        pixels = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255
        pooled = torch.nn.functional.avg_pool2d
        raised = torch.cat([pixels, 1 - pixels], 1)
        return {f"layer{i}": pooled(raised, size) for i, size in ((1, 4), (2, 8), (3, 16))}

    def load(self) -> None:
        """Nothing to load."""


def test_an_image_is_described_by_its_rarest_places_alone() -> None:
    pixels = np.full((SIDE * 8, SIDE * 8), 90, np.uint8)
    pixels[::16] = 140
    pixels[64:80, 96:112] = 250
    comparison = Comparison(MapSource.SELF, beside=None)
    (found,) = describe([Subject(pixels)], ByPixels(), comparison)
    strongest = np.unravel_index(found.grid.argmax(), found.grid.shape)
    assert 8 <= strongest[0] < 10
    assert 12 <= strongest[1] < 14
    assert found.strangeness > 2
    assert found.vector.shape == (12,)
    assert comparison.identity != Comparison(MapSource.OTHERS, beside=None).identity
    assert joined(split(found.grid, (1, 1)), (1, 1)).shape == found.grid.shape
