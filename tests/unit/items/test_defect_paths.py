"""Paths, locations and names of single defects."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from defect_workbench.core.images.defect_items import (
    DefectOrigin,
    exported_name,
    is_item_path,
    item_path,
)
from defect_workbench.core.images.detections import Box
from defect_workbench.core.images.image_locations import Location, parse_location
from defect_workbench.engine.input.formats.image_format import Undecodable
from defect_workbench.engine.input.formats.registry import looks_like_image
from defect_workbench.engine.input.location_reading import read_location
from defect_workbench.engine.input.pixel_hash import pixel_hash
from defect_workbench.engine.input.thumbnail import thumbnail
from defect_workbench.engine.items.item_crops import window_of

NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12)


WINDOWS = st.tuples(st.integers(0, 999), st.integers(0, 999), st.integers(1, 999), st.integers(1, 999)).map(
    lambda sides: (sides[0], sides[1], sides[0] + sides[2], sides[1] + sides[3])
)


@given(NAMES, st.integers(0, 10**6), st.none() | WINDOWS)
def test_a_location_gives_back_file_page_and_window(
    name: str, page: int, window: tuple[int, int, int, int] | None
) -> None:
    location = Location(name, page, window)
    assert parse_location(str(location)) == location


def test_a_page_is_not_a_defect_and_no_file_has_the_path_of_one() -> None:
    assert is_item_path(item_path("lot/a.tif", 12))
    assert not is_item_path("lot/a.tif#12")
    assert not is_item_path("lot/a.tif#d0")
    assert is_item_path(item_path("lot/a.tif#2", 1))
    assert not looks_like_image(item_path("a.png", 1))
    assert not looks_like_image(str(Location("a.png", 2, (0, 0, 5, 5))))


def test_exported_names_sort_by_number_and_keep_the_stem() -> None:
    origin = DefectOrigin("lot/a.b.tif", 3, (1, 1, 2, 2), (0, 0, 9, 9))
    assert exported_name(origin) == "a.b-defect-03.png"
    assert exported_name(DefectOrigin("raw", 120, (1, 1, 2, 2), (0, 0, 9, 9))) == "raw-defect-120.png"


@given(st.integers(20, 400), st.integers(20, 400), st.floats(0, 0.9), st.floats(0, 0.9), st.floats(0.02, 0.9))
def test_a_window_is_inside_the_image_and_contains_the_box(
    width: int, height: int, x: float, y: float, size: float
) -> None:
    x1, y1 = int(x * width), int(y * height)
    box = Box(x1, y1, min(width, x1 + 1 + int(size * width)), min(height, y1 + 1 + int(size * height)))
    left, top, right, bottom = window_of(box, width, height)
    assert 0 <= left <= box.x1 < box.x2 <= right <= width
    assert 0 <= top <= box.y1 < box.y2 <= bottom <= height
    assert right - left >= min(width, 64)


def test_a_part_of_an_image_is_read_and_reduced(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (90, 120), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    location = Path(str(Location(str(tmp_path / "a.png"), 0, (10, 20, 74, 84))))
    np.testing.assert_array_equal(read_location(location).pixels, pixels[20:84, 10:74])
    small = thumbnail(location, 32)
    assert small is not None
    assert small.shape == (32, 32)


def test_a_window_outside_a_changed_image_is_an_error(tmp_path: Path) -> None:
    Image.new("L", (30, 30)).save(tmp_path / "a.png")
    location = Path(str(Location(str(tmp_path / "a.png"), 0, (0, 0, 64, 20))))
    with pytest.raises(Undecodable, match="smaller than when its defects were found"):
        read_location(location)
    assert thumbnail(location, 32) is None


def test_the_hash_of_pixels_depends_on_shape_and_type_but_not_on_layout() -> None:
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert pixel_hash(pixels) == pixel_hash(np.asfortranarray(pixels))
    assert pixel_hash(pixels) != pixel_hash(pixels.reshape(4, 3))
    assert pixel_hash(pixels) != pixel_hash(pixels.astype(np.uint16))
    assert pixel_hash(pixels.astype(">u2")) == pixel_hash(pixels.astype("<u2"))
