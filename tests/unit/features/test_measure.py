import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from defect_workbench.core.arrays import Flags, Pixels
from defect_workbench.core.images.measurements import Measurements
from defect_workbench.engine.features.blocks.outline import outline
from defect_workbench.engine.measurement.defects import VERSIONS, find, measure
from defect_workbench.engine.preprocessing.background import smooth_surface
from defect_workbench.engine.preprocessing.periodic_pattern import FAINT, find_pattern
from defect_workbench.sample.synthetic import KINDS, Look, render
from tests.conftest import SHARED_DATA
from tests.quality.wafers import LOOKS as LOOKS_OF_WAFERS
from tests.quality.wafers import wafer

LOOKS = [
    Look(),
    Look(size=176, grain=5, grain_scale=2, noise=(3, 7), pitch=(16, 19)),
    Look(size=300, noise=(1, 2), pitch=(30, 36)),
    Look(noise=(11, 14)),
]


def ellipse(
    major: float, minor: float, angle: float, level: float, noise: float = 4.0, size: int = 256
) -> Pixels:
    rng = np.random.default_rng(7)
    rows, columns = np.mgrid[:size, :size] - size / 2
    x = columns * np.cos(angle) - rows * np.sin(angle)
    y = columns * np.sin(angle) + rows * np.cos(angle)
    values = 110 + 0.1 * columns + level * ((x / major) ** 2 + (y / minor) ** 2 < 1)
    noisy = np.clip(values + noise * rng.standard_normal(values.shape), 0, 255)
    result: Pixels = noisy.astype(np.uint8)
    return result


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("kind", ["clean", "clean-lines"])
def test_clean_pictures_have_no_defect(kind: str, look: Look) -> None:
    for seed in range(5):
        assert measure(render(KINDS[kind], np.random.default_rng(seed), look)).defects == 0


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize(("kind", "sign"), [("small-particle", 1), ("large-particle", 1), ("pit", -1)])
def test_bright_and_dark_defects_are_found(kind: str, sign: int, look: Look) -> None:
    for seed in range(4):
        found = measure(render(KINDS[kind], np.random.default_rng(seed), look))
        assert 1 <= found.defects <= 2
        assert found.contrast * sign > 10


@pytest.mark.parametrize("look", [LOOKS[0], LOOKS[2]])
def test_bridge_is_found_between_lines(look: Look) -> None:
    for seed in range(4):
        found = measure(render(KINDS["bridge"], np.random.default_rng(seed), look))
        assert 1 <= found.defects <= 3
        assert found.diameter < 3 * look.pitch[1]


@pytest.mark.parametrize("seed", [3, 4, 5, 1])
def test_a_pit_among_contact_holes_is_measured_alone(seed: int) -> None:
    made = wafer("pit", "holes", LOOKS_OF_WAFERS["fine-quiet"], seed)
    found, before = (find(made.image, version) for version in VERSIONS)
    assert found.measurements.defects == 1
    assert before.measurements.defects > 10
    assert (found.mask & made.mask).sum() > 0.5 * (found.mask | made.mask).sum()
    # The hints of both are the same: only a clear pattern can be subtracted from the pixels.
    assert (found.pitch, found.shading, found.rest) == (before.pitch, before.shading, before.rest)


def test_contact_holes_under_noise_are_no_defects() -> None:
    for seed in range(3):
        image = wafer("clean", "holes", LOOKS_OF_WAFERS["fine-noisy"], seed).image
        assert find(image).measurements.defects == 0
        assert find(image, VERSIONS[1]).measurements.defects > 0


@pytest.mark.parametrize("seed", [1, 4, 6])
def test_a_particle_under_strong_noise_is_found_as_a_whole(seed: int) -> None:
    made = wafer("small-particle", "lines", LOOKS_OF_WAFERS["coarse-noisy"], seed)
    found, before = (find(made.image, version) for version in VERSIONS)
    assert (found.measurements.defects, before.measurements.defects) == (1, 0)
    assert found.measurements.contrast > 15
    assert (found.mask & made.mask).sum() > 0.6 * (found.mask | made.mask).sum()


def test_stripes_that_leave_more_than_noise_are_measured_as_before() -> None:
    """A few bands that seem to repeat are the defect, as printing of the rolls on steel is."""
    rng = np.random.default_rng(0)
    columns, bands = np.arange(128), np.zeros(128)
    for centre in (64, 26, 103, 8, 33):
        bands += 30 * np.exp(-(((columns - centre) / 4) ** 2))
    values = 100 + bands * (np.arange(128)[:, None] > 50) + rng.standard_normal((128, 128))
    pixels = values.astype(np.uint8)
    flat = pixels - smooth_surface(pixels.astype(np.float32))
    pattern = find_pattern(flat, FAINT)
    assert pattern is not None
    assert not pattern.is_clear
    found, before = (find(pixels, version) for version in VERSIONS)
    assert found.measurements.defects > 0
    assert np.array_equal(found.mask, before.mask)


@settings(max_examples=25)
@given(
    major=st.floats(14, 60),
    ratio=st.floats(1, 4),
    angle=st.floats(-1.5, 1.5),
    level=st.sampled_from([-45.0, 60.0]),
    noise=st.floats(0.5, 9),
)
def test_an_ellipse_is_measured_as_it_was_drawn(
    major: float, ratio: float, angle: float, level: float, noise: float
) -> None:
    minor = max(7.0, major / ratio)
    found = measure(ellipse(major, minor, angle, level, noise))
    assert found.defects == 1
    assert found.area == pytest.approx(np.pi * major * minor, rel=0.2)
    assert found.diameter == pytest.approx(2 * np.sqrt(major * minor), rel=0.1)
    # What smoothing adds all around, about half a pixel, makes the thinnest 13% rounder.
    assert found.aspect == pytest.approx(major / minor, rel=0.15)
    assert found.contrast == pytest.approx(level, abs=8)
    if major / minor > 1.5:
        off = (found.orientation - np.degrees(angle) + 90) % 180 - 90
        assert abs(off) < 6


def test_units_follow_the_pixel_size() -> None:
    pixels = ellipse(30, 20, 0, 50)
    plain, scaled = measure(pixels), measure(pixels, 2.5)
    assert (plain.unit, scaled.unit) == ("px", "nm")
    assert scaled.area == pytest.approx(plain.area * 6.25)
    assert scaled.diameter == pytest.approx(plain.diameter * 2.5)
    assert (scaled.aspect, scaled.noise, scaled.defects) == (plain.aspect, plain.noise, plain.defects)
    assert scaled.in_units(9.0) is scaled


def test_large_pictures_are_measured_in_their_own_pixels() -> None:
    small = ellipse(40, 25, 0.4, 50)
    large = np.asarray(Image.fromarray(small).resize((1024, 1024), Image.Resampling.BICUBIC))
    assert measure(large).area == pytest.approx(16 * measure(small).area, rel=0.1)
    finding = find(large)
    assert finding.mask[512 // finding.step, 512 // finding.step]


@pytest.mark.parametrize("shape", [(16, 16), (16, 900), (901, 17), (64, 64, 3)])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_even_pictures_of_any_size_have_no_defect(shape: tuple[int, ...], level: int) -> None:
    found = measure(np.full(shape, level, np.uint8))
    assert (found.defects, found.total_area, found.noise) == (0, 0.0, 0.0)


@settings(max_examples=40)
@given(st.data())
def test_anything_is_measured_with_finite_numbers(data: st.DataObject) -> None:
    height, width = data.draw(st.tuples(st.integers(16, 90), st.integers(16, 90)))
    rng = np.random.default_rng(data.draw(st.integers(0, 999)))
    pixels = rng.integers(0, data.draw(st.sampled_from([2, 3, 256])), (height, width), dtype=np.uint8)
    found = find(pixels * data.draw(st.sampled_from([1, 80])))
    assert np.isfinite(found.measurements.numbers()).all()
    assert found.mask.any() == (found.measurements.defects > 0)
    assert not (found.largest & ~found.mask).any()


def test_numbers_survive_the_way_to_the_store_and_back() -> None:
    found = measure(ellipse(30, 20, 0, 50))
    assert Measurements.of_numbers(found.numbers()) == found


def test_outline_knows_neither_place_nor_size_nor_direction() -> None:
    def mask(scale: float, turn: float, y: int, x: int) -> Flags:
        rows, columns = np.mgrid[:200, :200].astype(float)
        rows, columns = rows - y, columns - x
        angle = np.arctan2(rows, columns) - turn
        return np.asarray(np.hypot(rows, columns) < scale * (1 + 0.4 * np.cos(3 * angle)))

    one = outline(mask(30, 0, 90, 100))
    for other in (mask(30, 0.9, 110, 80), mask(55, 0, 100, 100), mask(18, 2.0, 60, 140)):
        assert np.abs(outline(other) - one).max() < 0.03
    rows, columns = np.mgrid[:200, :200]
    bar = (np.abs(rows - 100) < 6) & (np.abs(columns - 100) < 70)
    assert np.abs(outline(bar) - one).max() > 0.15
    assert not outline(np.zeros((40, 40), bool)).any()


def test_real_examples_are_measured_sensibly() -> None:
    folder = SHARED_DATA / "sem-examples"
    if not folder.is_dir():
        pytest.skip(f"no images at {folder}")
    for path in sorted(folder.rglob("*.png")):
        found = measure(np.asarray(Image.open(path)))
        if path.parent.name == "clean":
            assert found.defects == 0, path
        else:
            assert found.defects >= 1, path
            assert found.area < 0.2 * 224 * 224, path
        if path.name == "train_scratches_0012.png":
            assert found.aspect > 5
