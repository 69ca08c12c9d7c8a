from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from defect_workbench.engine.input.full_image import Original, Tone, original

TONES = st.builds(Tone, st.floats(-1, 1), st.floats(-1, 1))


def test_8_bit_pictures_are_shown_as_they_are(tmp_path: Path) -> None:
    pixels = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    found = original(tmp_path / "a.png")
    assert found is not None
    assert (found.shown(Tone()) == pixels).all()
    assert original(tmp_path / "none.png") is None


@pytest.mark.parametrize("extension", ["tif", "png"])
def test_16_bit_values_beyond_white_come_into_sight_when_darkened(tmp_path: Path, extension: str) -> None:
    values = np.full((100, 100), 1000, np.uint16)
    values[:, :50] = 2000
    # Two bright pixels far beyond the robust percentiles: white at the neutral tone, one like the other.
    values[0, 0], values[0, 1] = 2400, 2900
    path = tmp_path / f"deep.{extension}"
    if extension == "tif":
        tifffile.imwrite(path, values)
    else:
        Image.fromarray(values).save(path)
    found = original(path)
    assert found is not None
    assert found.values.dtype == np.uint16
    neutral, dark = found.shown(Tone()), found.shown(Tone(brightness=-1.0))
    assert neutral[0, 0] == neutral[0, 1] == 255
    assert dark[0, 0] < dark[0, 1]


@given(TONES)
def test_tones_keep_the_order_of_values_and_brighter_is_brighter(one: Tone) -> None:
    values = np.linspace(0, 4095, 64).reshape(8, 8).astype(np.uint16)
    found = Original(values, 0.0, 4095.0)
    shown = found.shown(one).ravel().astype(int)
    assert (np.diff(shown) >= 0).all()
    brighter = Tone(min(1.0, one.brightness + 0.3), one.contrast)
    assert (found.shown(brighter) >= found.shown(one)).all()


@pytest.mark.parametrize("largest", [1.7e308, 1e40, 3e38])
def test_numbers_near_the_largest_there_are_are_shown(tmp_path: Path, largest: float) -> None:
    values = np.where(np.indices((32, 32)).sum(0) % 2 == 0, -largest, largest)
    tifffile.imwrite(tmp_path / "x.tif", values)
    found = original(tmp_path / "x.tif")
    assert found is not None
    assert set(np.unique(found.shown(Tone())).tolist()) == {0, 255}
    assert len(np.unique(found.shown(Tone(0.3, -0.5)))) == 2
