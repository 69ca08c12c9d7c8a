import io
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from defect_workbench.engine.input.decode import decode, extension_note
from defect_workbench.engine.input.formats.image_format import MAX_PIXELS, Undecodable
from defect_workbench.engine.input.formats.pixel_scaling import scale_to_uint8
from defect_workbench.engine.input.formats.registry import recognised_format
from tests.builders import picture

RAMP = np.tile(np.linspace(0, 255, 64).astype(np.uint8), (48, 1))
COLOUR = np.stack([RAMP, RAMP[::-1], 255 - RAMP], axis=-1)


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def tiff(values: NDArray[np.generic], **options: object) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, values, **options)  # type: ignore[arg-type]
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "GIF"])
def test_grey_is_read_exactly(kind: str) -> None:
    found = decode(saved(Image.fromarray(RAMP), kind))
    assert found.format == kind
    np.testing.assert_array_equal(found.pixels, RAMP)


@pytest.mark.parametrize(
    ("kind", "tolerance"), [("PNG", 0), ("BMP", 0), ("TIFF", 0), ("JPEG", 12), ("WEBP", 12)]
)
def test_colour_is_read_as_rgb(kind: str, tolerance: int) -> None:
    found = decode(saved(Image.fromarray(COLOUR), kind, quality=95))
    assert found.pixels.shape == COLOUR.shape
    assert np.abs(found.pixels.astype(int) - COLOUR).mean() <= tolerance


@pytest.mark.parametrize(
    "values",
    [
        np.linspace(0, 65535, 48 * 64).reshape(48, 64).astype(np.uint16),
        np.linspace(900, 1400, 48 * 64).reshape(48, 64).astype(np.uint16),
        np.linspace(-3e4, 3e4, 48 * 64).reshape(48, 64).astype(np.int16),
        np.linspace(0, 4e9, 48 * 64).reshape(48, 64).astype(np.uint32),
        np.linspace(-1e-9, 1e-9, 48 * 64).reshape(48, 64).astype(np.float32),
        np.linspace(0, 5, 48 * 64).reshape(48, 64).astype(np.float64),
    ],
    ids=["uint16", "uint16-narrow", "int16", "uint32", "float32", "float64"],
)
def test_deep_tiff_is_scaled_and_never_clipped_to_white(values: NDArray[np.generic]) -> None:
    found = decode(tiff(values))
    assert "scaled" in found.note
    assert 120 < found.pixels.mean() < 135
    assert (found.pixels == 255).mean() < 0.01
    assert (np.diff(found.pixels.ravel().astype(int)) >= 0).all()


def test_sixteen_bit_png_is_scaled() -> None:
    ramp = np.linspace(0, 4000, 48 * 64).reshape(48, 64).astype(np.uint16)
    found = decode(saved(Image.fromarray(ramp), "PNG"))
    assert (found.pixels == 255).mean() < 0.01
    assert found.pixels.max() == 255


def test_rgb_tiff_of_sixteen_bits_keeps_its_channels() -> None:
    deep = COLOUR.astype(np.uint16) * 257
    found = decode(tiff(deep, photometric="rgb"))
    assert found.pixels.shape == COLOUR.shape
    assert np.abs(found.pixels.astype(int) - COLOUR).max() <= 2


def test_planar_tiff_is_read() -> None:
    planes = np.moveaxis(COLOUR.astype(np.uint16) * 257, -1, 0)
    found = decode(tiff(planes, photometric="rgb", planarconfig="separate"))
    assert found.pixels.shape == COLOUR.shape


@pytest.mark.parametrize("compression", ["zlib", "lzw", "deflate"])
def test_compressed_tiff_is_read(compression: str) -> None:
    np.testing.assert_array_equal(decode(tiff(RAMP, compression=compression)).pixels, RAMP)


def test_white_is_zero_tiff_is_inverted() -> None:
    found = decode(tiff(255 - RAMP, photometric="miniswhite"))
    np.testing.assert_array_equal(found.pixels, RAMP)


def test_first_page_is_used_and_reported() -> None:
    found = decode(tiff(np.stack([RAMP, RAMP[::-1], RAMP]), photometric="minisblack"))
    assert "first of 3 pages" in found.note
    np.testing.assert_array_equal(found.pixels, RAMP)


def test_first_frame_of_an_animation_is_used_and_reported() -> None:
    frames = [Image.fromarray(RAMP), Image.fromarray(255 - RAMP)]
    data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert "first of 2 frames" in decode(data).note


def test_palette_alpha_and_cmyk_become_rgb() -> None:
    image = Image.fromarray(COLOUR)
    assert decode(saved(image.quantize(64), "PNG")).pixels.shape == COLOUR.shape
    assert decode(saved(image.convert("CMYK"), "JPEG")).pixels.shape == COLOUR.shape
    assert decode(saved(image.convert("CMYK"), "TIFF")).pixels.shape == COLOUR.shape
    clear = image.convert("RGBA")
    clear.putalpha(Image.fromarray(np.where(np.arange(64) < 32, 0, 255).astype(np.uint8)[None].repeat(48, 0)))
    pixels = decode(saved(clear, "PNG")).pixels
    assert (pixels[:, :32] == 0).all()
    np.testing.assert_array_equal(pixels[:, 32:], COLOUR[:, 32:])


def test_grey_stored_as_rgb_is_grey() -> None:
    assert decode(saved(Image.fromarray(RAMP).convert("RGB"), "PNG")).pixels.ndim == 2


def test_exif_rotation_is_applied_and_reported() -> None:
    image = Image.fromarray(RAMP)
    exif = image.getexif()
    exif[0x0112] = 6
    found = decode(saved(image, "JPEG", exif=exif, quality=95))
    assert (found.height, found.width) == (64, 48)
    assert "EXIF" in found.note


def test_content_under_another_extension_is_reported() -> None:
    assert extension_note("lot/a.png", "JPEG") == "JPEG content under the extension .png"
    assert extension_note("lot/a.JPG", "JPEG") == ""


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"hello, this is no picture at all", "not an image of a format"),
        (saved(picture(0), "PNG")[:300], "truncated"),
        (saved(Image.fromarray(COLOUR), "JPEG")[:400], "truncated"),
        (saved(Image.fromarray(RAMP[:15]), "PNG"), "too small: 64 x 15"),
        (tiff(RAMP)[: len(tiff(RAMP)) // 2], "damaged"),
        (tiff(np.full((32, 32), np.nan, np.float32)), "no finite values"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "damaged"),
    ],
    ids=["zero bytes", "text", "cut png", "cut jpeg", "small", "cut tiff", "nan", "empty png"],
)
def test_unusable_bytes_are_refused_with_a_reason(data: bytes, words: str) -> None:
    with pytest.raises(Undecodable, match=words):
        decode(data)


def test_decompression_bomb_is_refused_before_it_is_unpacked() -> None:
    side = int(MAX_PIXELS**0.5) + 100
    bomb = saved(Image.new("1", (side, side)), "PNG")
    assert len(bomb) < 200_000
    with pytest.raises(Undecodable, match="too large"):
        decode(bomb)
    with pytest.raises(Undecodable, match="too large"):
        decode(tiff(np.zeros((side, side), np.uint8), compression="zlib"))


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(["PNG", "JPEG", "GIF", "TIFF", "BMP", "WEBP", ""]))
def test_any_bytes_are_read_or_refused(tail: bytes, kind: str) -> None:
    data = saved(Image.fromarray(RAMP), kind)[:80] + tail if kind else tail
    try:
        assert decode(data).pixels.dtype == np.uint8
    except Undecodable as error:
        assert str(error)


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from(["PNG", "JPEG", "GIF", "TIFF", "BMP", "WEBP"]))
def test_flipped_bytes_are_read_or_refused(data: st.DataObject, kind: str) -> None:
    content = bytearray(saved(Image.fromarray(RAMP), kind))
    for _ in range(4):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        decode(bytes(content))
    except Undecodable as error:
        assert str(error)


def test_nearly_constant_picture_keeps_its_small_defect() -> None:
    values = np.full((100, 100), 1000, np.uint16)
    values[50, 50] = 1100
    pixels = scale_to_uint8(values)
    assert pixels[50, 50] == 255
    assert pixels[0, 0] == 0


def test_infinite_values_do_not_spoil_the_rest() -> None:
    values = np.linspace(0, 1, 10_000, dtype=np.float32).reshape(100, 100)
    values[0, 0], values[0, 1] = np.inf, np.nan
    assert 120 < scale_to_uint8(values).mean() < 135


def test_formats_are_inferred_from_the_content(tmp_path: Path) -> None:
    found = recognised_format(saved(Image.fromarray(RAMP), "WEBP"), "a.png")
    assert found is not None
    assert found.name == "WebP"
    assert recognised_format(b"%PDF-1.7", "a.png") is None


@pytest.mark.parametrize("largest", [1.7e308, 1e308, 3e38, 1e-300, 1e-310])
def test_numbers_near_the_largest_there_are_keep_their_picture(largest: float) -> None:
    """Half of the values differ: no overflow may make one grey of them, and none may be warned of."""
    values = np.where(np.indices((32, 32)).sum(0) % 2 == 0, -largest, largest)
    values[:4] = 0
    content = io.BytesIO()
    tifffile.imwrite(content, values)
    pixels = decode(content.getvalue()).pixels
    assert set(np.unique(pixels[4:]).tolist()) == {0, 255}
    assert set(np.unique(pixels[:4]).tolist()) <= {127, 128}


@pytest.mark.parametrize("head", [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"RIFF\0\0\0\0WEBP"])
def test_no_other_decoder_is_tried_on_a_file_whose_head_looks_right(head: bytes) -> None:
    data = bytearray(head + bytes(range(1, 200)) * 6000)
    data[2048:2052] = b"PCD_"
    with pytest.raises(Undecodable):
        decode(bytes(data))
