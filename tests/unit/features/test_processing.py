from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from defect_workbench.core.arrays import Pixels
from defect_workbench.core.clustering.group_by import GroupBy
from defect_workbench.core.images.preprocessing_steps import BACKGROUNDS, DENOISES, Preprocessing
from defect_workbench.engine.measurement.defects import find
from defect_workbench.engine.measurement.recommend import Hints, suggest
from defect_workbench.engine.preprocessing.background import estimate_noise, grey_of, smooth_surface
from defect_workbench.engine.preprocessing.periodic_pattern import find_pattern
from defect_workbench.engine.preprocessing.pipeline import denoised, process, rescaled, without_background
from defect_workbench.sample.synthetic import KINDS, Look, render


def made(kind: str, seed: int = 0, look: Look | None = None) -> Pixels:
    return render(KINDS[kind], np.random.default_rng(seed), look)


def stripes(pitch: float, angle: float, noise: float = 4.0, size: int = 200, seed: int = 0) -> Pixels:
    rows, columns = np.mgrid[:size, :size]
    phase = (rows * np.sin(angle) + columns * np.cos(angle)) / pitch
    values = (
        100 + 60 * ((phase % 1) < 0.4) + noise * np.random.default_rng(seed).standard_normal((size, size))
    )
    result: Pixels = np.clip(values, 0, 255).astype(np.uint8)
    return result


def test_default_hands_the_very_picture_on() -> None:
    pixels = made("scratch")
    assert process(pixels, Preprocessing()) is pixels


@pytest.mark.parametrize("denoise", DENOISES)
@pytest.mark.parametrize("background", BACKGROUNDS)
def test_every_way_keeps_size_and_kind_and_treats_grey_as_grey(denoise: str, background: str) -> None:
    grey = made("bridge", look=Look(size=96))
    wanted = Preprocessing(denoise=denoise, background=background)  # type: ignore[arg-type]
    alone = process(grey, wanted)
    coloured = process(np.stack([grey] * 3, axis=-1), wanted)
    assert alone.shape == grey.shape
    assert alone.dtype == np.uint8
    assert coloured.shape == (*grey.shape, 3)
    assert np.abs(coloured[..., 1].astype(int) - alone).max() <= 1


@pytest.mark.parametrize("way", ["median", "nlm"])
def test_denoising_takes_noise_and_leaves_the_defect(way: str) -> None:
    noisy = made("pit", 3, Look(noise=(10, 12)))
    smooth = denoised(noisy, way)  # type: ignore[arg-type]
    assert estimate_noise(smooth) < 0.5 * estimate_noise(noisy)
    dark = noisy < 60
    assert smooth[dark].mean() < smooth[~dark].mean() - 25


def test_noise_is_estimated_about_as_it_was_made() -> None:
    rng = np.random.default_rng(0)
    ramp = np.linspace(60, 190, 160)[None, :] + np.zeros((160, 1))
    ramp[40:90, 30:80] += 30
    for sigma in (2.0, 5.0, 15.0):
        pixels = np.clip(ramp + sigma * rng.standard_normal(ramp.shape), 0, 255).astype(np.uint8)
        assert estimate_noise(pixels) == pytest.approx(sigma, rel=0.15)
    assert estimate_noise(np.full((40, 40), 7, np.uint8)) == 0


def test_plane_and_median_take_the_shading_off() -> None:
    rows, columns = np.mgrid[:128, :160]
    tilted = np.clip(80 + 0.4 * rows + 0.3 * columns, 0, 255).astype(np.uint8)
    tilted[50:60, 70:80] = 250
    for way in ("plane", "median"):
        flat = without_background(tilted, way)
        ground = np.delete(flat, slice(45, 65), axis=0)
        assert ground.std() < 0.25 * np.delete(tilted, slice(45, 65), axis=0).std()
        assert flat[55, 75] > flat.mean() + 60


@given(pitch=st.floats(6, 30), angle=st.floats(0, np.pi), seed=st.integers(0, 99))
def test_stripes_of_any_pitch_and_direction_are_subtracted(pitch: float, angle: float, seed: int) -> None:
    pixels = stripes(pitch, angle, seed=seed)
    grey = grey_of(pixels)
    pattern = find_pattern(grey - smooth_surface(grey))
    assert pattern is not None
    assert without_background(pixels, "periodic").std() < 0.55 * pixels.std()


def test_an_array_of_contacts_is_subtracted_and_a_missing_one_stays() -> None:
    rows, columns = np.mgrid[:200, :200]
    dots = np.hypot((rows % 20) - 10, (columns % 25) - 12) < 5
    missing = (np.abs(rows - 110) < 10) & (np.abs(columns - 112) < 12)
    values = 90 + 90 * (dots & ~missing) + 3 * np.random.default_rng(1).standard_normal(dots.shape)
    left = without_background(values.astype(np.uint8), "periodic").astype(float)
    hole = left[dots & missing].mean()
    assert hole < left.mean() - 50
    assert left[~missing].std() < 0.5 * values[~missing].std()


@pytest.mark.parametrize("kind", ["clean", "scratch", "residue", "large-particle", "pit"])
def test_what_does_not_repeat_is_no_pattern(kind: str) -> None:
    for seed in range(4):
        pixels = made(kind, seed)
        assert without_background(pixels, "periodic") is pixels


def test_scratch_along_the_lines_survives() -> None:
    pixels = stripes(14, 0.0).astype(int)
    pixels[20:180, 103:106] -= 60
    left = without_background(np.clip(pixels, 0, 255).astype(np.uint8), "periodic").astype(float)
    assert left[30:170, 104].mean() < left.mean() - 40


def test_info_bar_rows_are_cut_first() -> None:
    pixels = made("pit")
    assert process(pixels, Preprocessing(), bar_rows=24).shape == (200, 224)


@pytest.mark.parametrize("factor", [0.05, 0.5, 1.0, 1.3, 40.0])
@pytest.mark.parametrize("shape", [(100, 300), (300, 100, 3), (224, 224)])
def test_rescaled_pictures_have_the_size_the_features_see(factor: float, shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    assert rescaled(pixels, factor).shape == (224, 224, *shape[2:])


def test_one_object_is_as_large_at_any_magnification() -> None:
    def disc(size_nm: float, side: int = 300) -> Pixels:
        rows, columns = np.mgrid[:side, :side] - side / 2
        return np.where(np.hypot(rows, columns) * size_nm < 200, 200, 50).astype(np.uint8)

    wanted = Preprocessing(rescale_nm=4.0)
    areas = [(process(disc(s), wanted, pixel_size_nm=s) > 125).sum() for s in (2.0, 4.0, 8.0)]
    assert max(areas) < 1.05 * min(areas)


@pytest.mark.parametrize(
    "values", [{"info_bar": 0}, {"info_bar": "on"}, {"denoise": "x"}, {"background": "y"}, {"rescale_nm": 0}]
)
def test_impossible_processing_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Preprocessing(**values)  # type: ignore[arg-type]


def test_identities_tell_different_processing_apart() -> None:
    some = [
        Preprocessing(),
        Preprocessing(info_bar="off"),
        Preprocessing(info_bar=7),
        Preprocessing(denoise="nlm"),
        Preprocessing(background="plane"),
        Preprocessing(rescale_nm=2),
    ]
    assert len({str(p.identity()) for p in some}) == len({p.words for p in some}) == len(some)


def hints_of(images: Sequence[Pixels]) -> list[Hints]:
    """Return what extraction measures of images to suggest preprocessing."""
    findings = map(find, images)
    return [Hints(f.measurements.noise, f.pitch, f.shading, f.rest) for f in findings]


def test_suggestion_follows_the_pictures() -> None:
    lines = [made("clean-lines", s) for s in range(4)]
    assert suggest(hints_of(lines))[0].background == "periodic"
    noisy = [made("clean", s, Look(noise=(15, 20))) for s in range(4)]
    assert suggest(hints_of(noisy))[0].denoise == "nlm"
    quiet, why = suggest(hints_of([made("small-particle", s) for s in range(4)]))
    assert quiet == Preprocessing()
    assert "nothing to correct" in why


def test_suggestion_corrects_nothing_that_maps_of_defects_leave_out() -> None:
    hints = [Hints(noise=18, pitch=12, shading=40, rest=2)] * 3
    assert suggest(hints)[0] == Preprocessing(denoise="nlm", background="periodic")
    both, why = suggest(hints, grouped_by=GroupBy.BOTH)
    assert both == Preprocessing(background="periodic")
    assert "which maps of defects leave out" in why
    given = Preprocessing(info_bar="off")
    by_defect, why = suggest(hints, given, GroupBy.DEFECT)
    assert by_defect == given
    assert "grouped by the defect" in why
