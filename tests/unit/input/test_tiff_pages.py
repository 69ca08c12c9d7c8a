"""Pages of TIFF files are copied whole and never mixed up."""

import contextlib
import io
import struct
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from defect_workbench.core.images.image_locations import Location
from defect_workbench.engine.input.decode import decode
from defect_workbench.engine.input.formats.image_format import Undecodable
from defect_workbench.engine.input.location_reading import read_location
from defect_workbench.engine.input.tiff_pages import NoSuchPageError, has_page, read_page

PAGES = 40


def numbered(number: int, shape: tuple[int, int] = (16, 24)) -> np.ndarray:
    """Return a picture in which its number is written in grey levels."""
    picture = np.zeros(shape, np.uint8)
    picture[:8, :16] = [[255 * (number >> bit & 1) for bit in range(16)]] * 8
    return picture


def number_of(picture: np.ndarray) -> int:
    return sum(1 << bit for bit in range(16) if picture[0, bit] > 127)


@pytest.mark.parametrize("bigtiff", [False, True])
@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("options", [{}, {"compression": "zlib"}, {"tile": (16, 16)}, {"rowsperstrip": 5}])
def test_every_page_is_found_from_many_threads(
    tmp_path: Path, bigtiff: bool, byteorder: Literal["<", ">"], options: dict[str, Any]
) -> None:
    path = tmp_path / "lot.tif"
    with tifffile.TiffWriter(path, bigtiff=bigtiff, byteorder=byteorder) as writer:
        for number in range(1, PAGES + 1):
            writer.write(numbered(number), photometric="minisblack", metadata=None, **options)

    def read(page: int) -> int:
        return number_of(decode(read_page(path, page), "lot.tif").pixels)

    wanted = [int(page) for page in np.random.default_rng(0).integers(1, PAGES + 1, 200)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(read, wanted)) == wanted
    assert has_page(path, PAGES)
    assert not has_page(path, PAGES + 1)
    with pytest.raises(NoSuchPageError, match=f"no page {PAGES + 1}: the file has {PAGES}"):
        read_page(path, PAGES + 1)
    with pytest.raises(NoSuchPageError, match="counted from 1"):
        read_page(path, 0)


def test_depth_colour_and_compression_of_a_page_are_kept(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    deep = rng.integers(0, 65536, (19, 21), dtype=np.uint16)
    colour = Image.fromarray(rng.integers(0, 256, (20, 30, 3), dtype=np.uint8))
    palette = colour.quantize(16)
    with tifffile.TiffWriter(tmp_path / "deep.tif") as writer:
        writer.write(numbered(1), photometric="minisblack")
        writer.write(deep, photometric="minisblack", resolution=(1e6, 1e6), resolutionunit="CENTIMETER")
    stored = read_location(tmp_path / "deep.tif#page=2").values
    np.testing.assert_array_equal(stored, deep)
    for name, compression in (("packed", "packbits"), ("lzw", "tiff_lzw"), ("jpeg", "jpeg")):
        path = tmp_path / f"{name}.tif"
        colour.save(
            path, save_all=True, append_images=[colour.rotate(90, expand=True)], compression=compression
        )
        with Image.open(path) as reader:
            reader.seek(1)
            expected = np.asarray(reader.convert("RGB"))
        np.testing.assert_array_equal(read_location(Path(f"{path}#page=2")).pixels, expected)
    palette.save(tmp_path / "palette.tif", save_all=True, append_images=[palette])
    second = read_location(tmp_path / "palette.tif#page=2").pixels
    np.testing.assert_array_equal(second, np.asarray(palette.convert("RGB")))


def test_a_window_of_a_page_is_read(tmp_path: Path) -> None:
    picture = np.random.default_rng(2).integers(0, 256, (30, 40), dtype=np.uint8)
    tifffile.imwrite(tmp_path / "lot.tif", np.stack([picture * 0, picture]), photometric="minisblack")
    location = Location(str(tmp_path / "lot.tif"), 2, (5, 6, 25, 26))
    np.testing.assert_array_equal(read_location(Path(str(location))).pixels, picture[6:26, 5:25])


def test_directories_that_lead_in_a_circle_end(tmp_path: Path) -> None:
    stream = io.BytesIO()
    tifffile.imwrite(stream, np.stack([numbered(1), numbered(2)]), photometric="minisblack", metadata=None)
    data = bytearray(stream.getvalue())
    first = struct.unpack("<I", data[4:8])[0]
    tags = struct.unpack("<H", data[first : first + 2])[0]
    second = struct.unpack("<I", data[first + 2 + 12 * tags : first + 6 + 12 * tags])[0]
    tags = struct.unpack("<H", data[second : second + 2])[0]
    data[second + 2 + 12 * tags : second + 6 + 12 * tags] = struct.pack("<I", first)
    path = tmp_path / "circle.tif"
    path.write_bytes(data)
    assert has_page(path, 2)
    assert not has_page(path, 3)


def test_what_is_no_tiff_file_has_no_pages(tmp_path: Path) -> None:
    Image.fromarray(numbered(1)).save(tmp_path / "a.png")
    with pytest.raises(Undecodable, match="not a TIFF file"):
        read_location(tmp_path / "a.png#page=1")
    (tmp_path / "empty.tif").write_bytes(b"")
    assert not has_page(tmp_path / "empty.tif", 1)
    assert not has_page(tmp_path / "missing.tif", 1)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=12), st.integers(0, 2000))
def test_damage_is_a_reason_and_never_another_error(changes: list[tuple[int, int]], cut: int) -> None:
    stream = io.BytesIO()
    tifffile.imwrite(stream, np.stack([numbered(1), numbered(2)]), photometric="minisblack", metadata=None)
    data = bytearray(stream.getvalue())
    for position, value in changes:
        data[position % len(data)] = value
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.tif"
        path.write_bytes(data[: max(1, len(data) - cut)])
        for page in (1, 2):
            with contextlib.suppress(NoSuchPageError):
                read_page(path, page)
