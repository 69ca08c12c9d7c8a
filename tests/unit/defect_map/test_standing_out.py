"""What stands out from an image's own background: defects stay, pattern, shading and noise go."""

from collections.abc import Mapping

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from defect_workbench.core.arrays import Flags, Pixels, StorableVectors, Vectors
from defect_workbench.core.clustering.feature_blocks import DEEP, FOREGROUND, RESIDUAL
from defect_workbench.core.images.defect_maps import MapSource, strangeness_of, total_strangeness
from defect_workbench.engine.defect_map.band_shrinkage import without_noise
from defect_workbench.engine.defect_map.describe import Comparison, Subject, describe
from defect_workbench.engine.defect_map.patch_bank import COARSE, COLUMNS, FINE, PatchBank, PatchBanks
from defect_workbench.engine.defect_map.standing_out import as_picture, standing_out
from defect_workbench.engine.preprocessing.background import Plane
from tests.quality.wafers import BACKGROUNDS, KINDS, LOOKS, wafer

SIDE = 224


def noise(seed: int, grain: float = 0.0) -> Plane:
    raw = np.random.default_rng(seed).standard_normal((SIDE, SIDE))
    smooth = ndimage.gaussian_filter(raw, grain) if grain else raw
    return np.asarray(8 * smooth / smooth.std(), np.float32)


def film() -> Flags:
    blobs = ndimage.gaussian_filter(np.random.default_rng(5).standard_normal((SIDE, SIDE)), 16)
    return np.asarray(blobs > np.quantile(blobs, 0.7))


def scratch() -> Flags:
    rows, columns = np.indices((SIDE, SIDE))
    return np.asarray(np.abs(rows - 0.4 * columns - 60) < 1.5)


def spot() -> Flags:
    rows, columns = np.indices((SIDE, SIDE))
    return np.asarray(np.hypot(rows - 90, columns - 130) < 7)


@pytest.mark.parametrize("grain", [0.0, 1.5, 3.0])
def test_noise_of_any_grain_leaves_almost_nothing(grain: float) -> None:
    given = noise(1, grain)
    assert without_noise(given).std() < 0.05 * given.std()


@pytest.mark.parametrize("mask", [spot(), scratch(), film()], ids=["spot", "scratch", "film"])
@pytest.mark.parametrize("sign", [1, -1])
def test_defects_of_every_size_stay(mask: Flags, sign: int) -> None:
    # As strong as twice the noise, at most.
    truth = sign * 16 * mask.astype(np.float32)
    found = without_noise(truth - np.float32(np.median(truth)) + noise(2))
    assert np.corrcoef(found.ravel(), truth.ravel())[0, 1] > 0.65
    assert np.abs(found[~ndimage.binary_dilation(mask, iterations=24)]).mean() < 3


def test_a_faint_round_defect_stays_that_is_moderate_in_all_directions() -> None:
    given = 10 * spot().astype(np.float32) + noise(2)
    jointly, by_direction = (without_noise(given, jointly=each)[spot()].mean() for each in (True, False))
    assert jointly > 1.4 * by_direction > 0


def test_the_first_version_leaves_what_it_always_left() -> None:
    found = standing_out(120 + noise(1) + 12 * spot().astype(np.float32), "foreground-v1")
    assert (found.std(), found[90, 130]) == pytest.approx((0.0900, 2.188), abs=1e-3)


@given(st.integers(1, 90), st.integers(1, 90), st.floats(0, 1e4))
def test_images_of_any_shape_stay_finite(height: int, width: int, scale: float) -> None:
    given = scale * np.random.default_rng(height * width).standard_normal((height, width))
    for found in (without_noise(given.astype(np.float32)), standing_out(given.astype(np.float32))):
        assert found.shape == (height, width)
        assert np.isfinite(found).all()
    assert not without_noise(np.zeros((height, width), np.float32)).any()


@pytest.mark.parametrize("background", list(BACKGROUNDS))
def test_clean_backgrounds_leave_less_than_any_defect(background: str) -> None:
    strongest = {
        kind: float(np.sort(np.abs(standing_out(image.astype(np.float32))), axis=None)[-20:].mean())
        for kind in KINDS
        for image in [wafer(kind, background, LOOKS["fine-quiet"], 3).image]
    }
    clean = strongest.pop("clean")
    # A film on a rough surface is hardly stronger than its grains.
    del strongest["residue"]
    assert clean < 0.5 * min(strongest.values())


def test_a_pattern_is_found_beside_a_defect_that_covers_more_than_it() -> None:
    made = wafer("residue", "holes", LOOKS["fine-quiet"], 3)
    found = standing_out(made.image.astype(np.float32))
    core = ndimage.binary_erosion(made.mask, iterations=6)
    outside = ~ndimage.binary_dilation(made.mask, iterations=12)
    assert found[core].mean() < -0.4
    assert np.abs(found[outside]).mean() < 0.4 * np.abs(found[core].mean())


def test_traces_are_drawn_fainter_than_defects() -> None:
    trace = np.zeros((SIDE, SIDE), np.float32)
    trace[100:105, 100:105] = 0.4
    assert np.abs(as_picture(trace) - 127.5).max() < 30
    assert np.abs(as_picture(20 * trace) - 127.5).max() > 90
    assert np.abs(as_picture(trace)[:50] - 127.5).max() == 0


class NoNetwork:
    """Describes all images alike."""

    device = "cpu"

    def load(self) -> None:
        pass

    def embed(self, images: Pixels) -> Mapping[str, StorableVectors]:
        return {DEEP: np.ones((len(images), 8), np.float16)}

    def patch_activations(self, images: Pixels) -> Mapping[str, torch.Tensor]:
        layers = {*FINE.layers, *COARSE.layers, "layer3"}
        return {name: torch.ones((len(images), 4, 14, 14)) for name in layers}


@pytest.mark.parametrize(("beside", "all_places"), [(FOREGROUND, True), (RESIDUAL, False)])
def test_all_places_count_only_where_the_map_is_without_noise(beside: str, all_places: bool) -> None:
    made = wafer("residue", "blank", LOOKS["fine-quiet"], 1)
    (found,) = describe([Subject(made.image)], NoNetwork(), Comparison(MapSource.SELF, beside=beside))
    places: Vectors = found.grid.reshape(1, -1)
    expected = total_strangeness(places) if all_places else strangeness_of(places)
    assert found.strangeness == pytest.approx(float(expected[0]))


def test_with_a_reference_what_stands_out_by_itself_counts_as_much() -> None:
    made = wafer("residue", "blank", LOOKS["fine-quiet"], 1)
    itself, compared = (
        describe([Subject(made.image, reference)], NoNetwork(), Comparison(source, beside=FOREGROUND))[0]
        for source, reference in ((MapSource.SELF, None), (MapSource.REFERENCE, made.reference))
    )
    difference = float(strangeness_of(compared.grid.reshape(1, -1))[0])
    assert not np.array_equal(itself.grid, compared.grid)
    assert compared.strangeness == pytest.approx((itself.strangeness + difference) / 2)


def test_compared_with_clean_images_what_stands_out_counts_by_its_logarithm() -> None:
    made = wafer("residue", "blank", LOOKS["fine-quiet"], 1)
    rows, image = torch.zeros((4, COLUMNS)), torch.zeros(4, dtype=torch.int64)
    banks = PatchBanks(*(PatchBank(scale, rows, image, 1, 1.0) for scale in (FINE, COARSE)))
    itself, compared, before = (
        describe([Subject(made.image)], NoNetwork(), comparison)[0].strangeness
        for comparison in (
            Comparison(MapSource.SELF, beside=FOREGROUND),
            Comparison(MapSource.CLEAN, banks, FOREGROUND),
            Comparison(MapSource.CLEAN, banks, None),
        )
    )
    assert compared == pytest.approx(before + np.log1p(itself))
