"""Numbers at the ends of their range, in pixels and in tags."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from defect_workbench.engine.input.decode import decode
from defect_workbench.engine.input.formats.pixel_scaling import scale_to_uint8


@pytest.mark.parametrize("scale", [1.7e308, 1e200, 1e-310, 5e-324])
def test_pictures_at_the_ends_of_the_number_range_keep_their_detail(scale: float, tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    values = rng.choice([-1.0, 1.0], (32, 32)) * scale
    tifffile.imwrite(tmp_path / "far.tif", values)
    pixels = decode((tmp_path / "far.tif").read_bytes(), "far.tif").pixels
    assert np.array_equal(pixels > 127, values > 0)
    assert set(np.unique(pixels)) == {0, 255}


def test_ordinary_numbers_are_scaled_as_ever() -> None:
    values = np.linspace(-3, 9, 1001)
    low, high = np.percentile(values, (0.1, 99.9))
    expected = np.rint((np.clip(values, low, high) - low) * (255 / (high - low)))
    assert np.array_equal(scale_to_uint8(values), expected)


def test_a_resolution_of_five_micrometres_and_more_is_a_printers(tmp_path: Path) -> None:
    from defect_workbench.engine.input.decode import decode

    for size_um, believed in ((4.9, True), (5.1, False)):
        path = tmp_path / "r.tif"
        per_cm = 1e4 / size_um
        tifffile.imwrite(path, np.zeros((32, 32), np.uint8), resolution=(per_cm, per_cm), resolutionunit=3)
        assert (decode(path.read_bytes(), "r.tif").tool.pixel_size_nm is not None) is believed
