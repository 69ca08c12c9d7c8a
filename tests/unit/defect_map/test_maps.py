"""Tiles, patch banks, weights of places, strangeness, and names of references."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from defect_workbench.core.images.defect_maps import (
    HIGHEST,
    as_levels,
    strangeness_of,
    total_strangeness,
)
from defect_workbench.core.progress import SilentReporter
from defect_workbench.engine.defect_map.attention import attention, difference
from defect_workbench.engine.defect_map.patch_bank import COARSE, FINE, BankBuilder, Scale, patches
from defect_workbench.engine.defect_map.references import References
from defect_workbench.engine.defect_map.tiles import (
    PLACES,
    joined,
    network_tiles,
    split,
    strongest,
    tile_shape,
)
from defect_workbench.engine.input.scan import scan
from tests.builders import picture


@given(st.integers(1, 2), st.integers(1, 2))
def test_places_of_tiles_and_of_the_grid_are_the_same(rows: int, columns: int) -> None:
    grid = np.random.default_rng(0).random((rows * PLACES, columns * PLACES)).astype(np.float32)
    tiles = split(grid, (rows, columns))
    assert tiles.shape == (rows * columns, PLACES, PLACES)
    np.testing.assert_array_equal(joined(tiles, (rows, columns)), grid)
    np.testing.assert_array_equal(tiles[-1], grid[-PLACES:, -PLACES:])


@pytest.mark.parametrize(
    ("size", "shape"), [((224, 224), (1, 1)), ((400, 300), (2, 1)), ((900, 900), (2, 2))]
)
def test_large_images_are_seen_in_tiles(size: tuple[int, int], shape: tuple[int, int]) -> None:
    pixels = np.zeros(size, np.uint8)
    assert tile_shape(pixels) == shape
    assert network_tiles(pixels, shape).shape == (shape[0] * shape[1], 224, 224, 3)


@given(st.integers(1, 700), st.integers(1, 700), st.data())
def test_a_single_pixel_is_never_lost_between_places(height: int, width: int, data: st.DataObject) -> None:
    row, column = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
    values = np.zeros((height, width), np.float32)
    values[row, column] = -3
    shape = tile_shape(values.astype(np.uint8))
    found = strongest(values, shape)
    assert found.shape == (shape[0] * PLACES, shape[1] * PLACES)
    assert found.max() == 3
    where = np.argwhere(found == 3).mean(axis=0)
    expected = np.array([(row + 0.5) / height * found.shape[0], (column + 0.5) / width * found.shape[1]])
    assert np.abs(where + 0.5 - expected).max() <= 1.5 + found.shape[0] / height


def activations(seed: int, side: int = 8, tiles: int = 1) -> dict[str, torch.Tensor]:
    """Return random activations, which differ from place to place and from image to image."""
    random = torch.Generator().manual_seed(seed)
    return {
        name: torch.randn((tiles, channels, side, side), generator=random)
        for name, channels in (("layer1", 24), ("layer2", 32), ("layer3", 40))
    }


def rows_of(seed: int, scale: Scale) -> torch.Tensor:
    return patches(activations(seed), scale)[0]


@pytest.mark.parametrize("scale", [FINE, COARSE])
def test_patch_from_the_bank_is_not_strange_and_a_foreign_one_is(scale: Scale) -> None:
    builder = BankBuilder(4, 1, scale)
    for image in range(4):
        builder.add(activations(image), image)
    bank = builder.build()
    assert bank.strangeness(rows_of(2, scale)).max() < 1e-2
    # A new patch is about as far as those of other images are from each other.
    assert bank.strangeness(rows_of(99, scale)) == pytest.approx(1, abs=0.35)
    assert bank.strangeness(3 * rows_of(99, scale)).min() > 1.5
    assert bank.strangeness(rows_of(2, scale), image=2).min() > 0.5


@pytest.mark.parametrize("scale", [FINE, COARSE])
def test_bank_has_a_bounded_size_and_does_not_depend_on_the_run(scale: Scale) -> None:
    # As large as it can be, the bank of the fine scale takes ten seconds.
    scale = replace(scale, capacity=scale.capacity // 4)
    banks = []
    for _ in range(2):
        builder = BankBuilder(2, 15, scale)
        for image in range(2):
            builder.add(activations(image, tiles=scale.capacity // scale.places**2), image)
        banks.append(builder.build())
    assert len(banks[0].rows) == scale.capacity
    assert torch.equal(banks[0].rows, banks[1].rows)
    assert banks[0].typical == banks[1].typical


def test_bank_of_one_image_and_of_equal_patches_gives_finite_numbers() -> None:
    builder = BankBuilder(1, 15)
    builder.add({name: torch.zeros_like(values) for name, values in activations(0).items()}, 0)
    bank = builder.build()
    assert np.isfinite(bank.strangeness(rows_of(1, FINE))).all()
    assert set(bank.strangeness(rows_of(1, FINE), image=0).tolist()) == {0}


def test_bank_without_patches_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="patches"):
        BankBuilder(1, 1).build()


def test_weights_of_places_concentrate_on_the_strangest() -> None:
    grid = np.ones((PLACES, PLACES), np.float32)
    assert attention(grid) == pytest.approx(1 / PLACES**2)
    grid[3, 4:6] = 2, 3
    weights = attention(grid)
    assert weights.sum() == pytest.approx(1, abs=1e-4)
    assert weights[3, 4:6] == pytest.approx([1 / 3, 2 / 3])


@given(st.integers(1, 40), st.integers(0, 9))
def test_few_places_have_weight_and_the_strangest_has_most(side: int, seed: int) -> None:
    grid = np.random.default_rng(seed).random((side, side)).astype(np.float32)
    weights = attention(grid)
    assert weights.sum() == pytest.approx(1, abs=1e-4)
    assert np.count_nonzero(weights) <= max(2, 0.05 * grid.size)
    assert weights.argmax() == grid.argmax()


def test_difference_is_that_of_the_weighted_place() -> None:
    values = torch.zeros((1, 6, 14, 14))
    values[0, 2, 1, 2] = 5.0
    weights = torch.zeros((1, PLACES, PLACES))
    weights[0, 3, 4] = 1.0
    found = difference(values, weights)
    assert found[:6].argmax() == found[6:].argmax() == 2
    assert float(found.norm()) == pytest.approx(1)
    assert float(difference(values, weights, values).norm()) == 0


def test_maximum_of_the_difference_is_over_places_that_count() -> None:
    values = torch.zeros((2, 3, 14, 14))
    values[0, 0, 1, 1] = values[1, 1, 5, 5] = 1.0
    values[0, 2, 9, 9] = 100.0
    weights = torch.zeros((2, PLACES, PLACES))
    weights[0, 2, 2], weights[1, 10, 10], weights[0, 18, 18] = 0.5, 0.45, 0.01
    maximum = difference(values, weights, torch.zeros_like(values))[3:]
    assert float(maximum[0]) == float(maximum[1]) > 0
    assert float(maximum[2]) == 0


@given(st.lists(st.floats(0, 100, width=32), min_size=1, max_size=60))
def test_strangeness_lies_between_mean_and_maximum(values: list[float]) -> None:
    given_values = np.array([values], np.float32)
    found = float(strangeness_of(given_values)[0])
    assert given_values.mean() - 1e-3 <= found <= given_values.max() + 1e-3
    if len(values) <= HIGHEST:
        assert found == pytest.approx(float(given_values.mean()), rel=1e-4, abs=1e-4)


def test_a_large_faint_defect_is_as_strange_as_a_small_clear_one() -> None:
    film, spot, clean = np.zeros((3, 1, 784), np.float32)
    film[0, :250], spot[0, :HIGHEST] = 1.0, 5.0
    assert strangeness_of(film)[0] < 0.25 * strangeness_of(spot)[0]
    assert total_strangeness(film)[0] == pytest.approx(total_strangeness(spot)[0])
    assert total_strangeness(spot)[0] == pytest.approx(strangeness_of(spot)[0])
    assert total_strangeness(clean)[0] == 0


def test_stored_levels_have_a_fixed_scale() -> None:
    assert as_levels(np.array([[0.0, 1.0, 5.0, 1e6]], np.float32)).tolist() == [[0, 24, 120, 255]]


def test_references_by_path_by_stem_and_not_by_chance(tmp_path: Path) -> None:
    for name in ("a/one.png", "a/two.png", "b/two.png", "three.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        picture(1).save(tmp_path / name)
    references = References(scan(tmp_path, SilentReporter()))
    assert references.of("a/one.png") == "a/one.png"
    assert references.of("a/one.tif") == "a/one.png"
    assert references.of("elsewhere/one.tif") == "a/one.png"
    assert references.of("b/two.jpg") == "b/two.png"
    assert references.of("c/two.jpg") is None
    assert references.of("four.png") is None
