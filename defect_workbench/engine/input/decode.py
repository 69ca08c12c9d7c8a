"""Bytes of an image file to 8-bit pixels, or a reason in words why not."""

from __future__ import annotations

import io
import logging
import math
import os
from dataclasses import dataclass

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from defect_workbench.core.arrays import Floats, Pixels
from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.images.instrument import NO_FACTS, ToolFacts
from defect_workbench.engine.input import afm
from defect_workbench.engine.input.instrument_metadata import tiff_facts

# Sizes are checked here, before a pixel is decoded; Pillow's own limit would only add a warning.
Image.MAX_IMAGE_PIXELS = None
logging.getLogger("tifffile").setLevel(logging.CRITICAL)

MAX_PIXELS = 100_000_000
MIN_SIDE = 16
LOW_PERCENTILE, HIGH_PERCENTILE = 0.1, 99.9
_SMALLEST = 1e-300

# The format a name promises, by extension; what the content says goes before it.
EXTENSIONS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jpe": "JPEG",
    ".jfif": "JPEG",
    ".bmp": "BMP",
    ".dib": "BMP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".gif": "GIF",
    ".webp": "WebP",
    **afm.EXTENSIONS,
}
UNSUPPORTED_EXTENSIONS = frozenset(
    f".{name}"
    for name in "heic heif avif jp2 j2k jxl psd svg ico pcx tga ppm pgm pbm raw dng cr2 nef eps".split()  # noqa: SIM905
)


class Undecodable(WorkbenchError):
    """The bytes cannot be used as a picture; the message is the reason."""


class NotNow(Undecodable):
    """The file may be sound: the reason lies outside it, and another run may read it."""


class NotInstalled(NotNow):
    """What reads the file is not installed."""


@dataclass(frozen=True, slots=True)
class Picture:
    """Decoded pixels.

    Attributes
    ----------
    pixels : (height, width) or (height, width, 3) uint8
        Grey or RGB.
    format : str
        Of the content: PNG, JPEG, BMP, TIFF, GIF, WebP, or one of `afm.EXTENSIONS`.
    note : str
        What the person should know about how it was read; empty if nothing.
    values : (height, width) or (height, width, 3) real, or None
        As stored, where `pixels` had to be scaled from them.
    tool : ToolFacts
        What the file says about how the picture was taken.
    """

    pixels: Pixels
    format: str
    note: str
    values: NDArray[np.generic] | None = None
    tool: ToolFacts = NO_FACTS

    @property
    def width(self) -> int:
        """In pixels."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """In pixels."""
        return int(self.pixels.shape[0])


def sniff(head: bytes) -> str | None:
    """Name of the image format that the first 16 bytes belong to, or None."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if head.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return "TIFF"
    if head.startswith(b"BM"):
        return "BMP"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WebP"
    return None


def extension_note(path: str, found: str) -> str:
    """What to tell where a file's content is of another format than its name promises; else empty."""
    extension = os.path.splitext(path)[1]
    promised = EXTENSIONS.get(extension.lower())
    return "" if promised in (None, found) else f"{found} content under the extension {extension}"


def decode(data: bytes, name: str = "") -> Picture:
    """Decode the first picture of a file.

    Parameters
    ----------
    data : bytes
        The whole file.
    name : str
        Of the file; some height maps are known by their extension only.

    Raises
    ------
    NotInstalled
        If the file is a height map and what reads it is not installed.
    Undecodable
        With a reason for the person.
    """
    if not data:
        raise Undecodable("the file is empty (0 bytes)")
    heights = afm.sniff(data[:32], os.path.splitext(name)[1])
    if heights is not None:
        return _decode_heights(data, heights)
    found = sniff(data[:16])
    if found is None:
        raise Undecodable("no image inside of a format this program reads (PNG, JPEG, BMP, TIFF, GIF, WebP)")
    try:
        tool = NO_FACTS
        if found == "TIFF":
            (pixels, notes, values), tool = _decode_tiff(data)
        else:
            pixels, notes, values = _decode_pillow(data, found)
    except Undecodable:
        raise
    except MemoryError as error:
        raise NotNow("not enough memory to decode it") from error
    except Exception as error:  # the decoders raise whatever their parsers met in a damaged file
        raise Undecodable(_damage(found, error)) from error
    return Picture(pixels, found, "; ".join(notes), values, tool)


def _decode_heights(data: bytes, name: str) -> Picture:
    if not afm.available():
        raise NotInstalled(afm.MISSING.format(name=name))
    try:
        found = afm.read(data, name)
        _check_size(found.heights.shape[1], found.heights.shape[0])
        heights = afm.levelled(found.heights)
        pixels = scale_to_uint8(heights)
    except Undecodable:
        raise
    except MemoryError as error:
        raise NotNow("not enough memory to decode it") from error
    except afm.NoRoom as error:
        raise NotNow(f"it cannot be unpacked into the system's temporary folder: {error.strerror}") from error
    except Exception as error:  # as in `decode`
        raise Undecodable(f"damaged: the {name} data cannot be decoded") from error
    notes = ["height map levelled by a plane"]
    if found.frames > 1:
        notes.append(f"first of {found.frames} frames")
    return Picture(pixels, name, "; ".join(notes), heights, afm.facts(found, name))


def _damage(found: str, error: Exception) -> str:
    text = str(error).lower()
    if isinstance(error, UnidentifiedImageError):
        return f"damaged: it begins like a {found} file but cannot be read as one"
    if "truncated" in text or isinstance(error, EOFError) or "not enough" in text or "broken data" in text:
        return f"truncated or damaged: the {found} data end early"
    return f"damaged: the {found} data cannot be decoded"


def _check_size(width: int, height: int) -> None:
    if min(width, height) <= 0:
        raise Undecodable("damaged: it gives no size of its picture")
    if width * height > MAX_PIXELS:
        raise Undecodable(
            f"too large: {width} x {height} pixels; the limit is {MAX_PIXELS // 1_000_000} megapixels"
        )
    if min(width, height) < MIN_SIDE:
        raise Undecodable(
            f"too small: {width} x {height} pixels; at least {MIN_SIDE} on each side are needed"
        )


_Decoded = tuple[Pixels, list[str], NDArray[np.generic] | None]


def _decode_pillow(data: bytes, found: str) -> _Decoded:
    notes = []
    # Without a format Pillow would try every decoder it has on a file whose head is only made to look right.
    with Image.open(io.BytesIO(data), formats=[found]) as image:
        _check_size(*image.size)
        frames = getattr(image, "n_frames", 1)
        if frames > 1:
            notes.append(f"first of {frames} frames")
        image.load()
        turned = ImageOps.exif_transpose(image)
        if turned.size != image.size or image.getexif().get(0x0112, 1) not in (0, 1):
            notes.append("rotated as its EXIF data say")
        if turned.mode == "F" or turned.mode.startswith("I"):
            values = np.asarray(turned)
            return scale_to_uint8(values), [*notes, _scaled_note(values)], values
        return _to_uint8(turned), notes, None


def _scaled_note(values: NDArray[np.generic]) -> str:
    return f"{8 * values.dtype.itemsize}-bit values scaled to 8 bits"


def _to_uint8(image: Image.Image) -> Pixels:
    """8-bit pixels of a Pillow image of at most 8 bits a channel."""
    if image.mode in ("1", "L"):
        return np.asarray(image.convert("L"))
    if image.has_transparency_data or image.mode in ("RGBA", "LA", "PA"):
        layered = image.convert("RGBA")
        black = Image.new("RGBA", layered.size, (0, 0, 0, 255))
        image = Image.alpha_composite(black, layered)
    return drop_equal_channels(np.asarray(image.convert("RGB")))


def _decode_tiff(data: bytes) -> tuple[_Decoded, ToolFacts]:
    notes = []
    with tifffile.TiffFile(io.BytesIO(data)) as tiff:
        tool = tiff_facts(tiff)
        page = tiff.pages.first
        _check_size(page.imagewidth, page.imagelength)
        pages = len(tiff.pages)
        if pages > 1:
            notes.append(f"first of {pages} pages")
        photometric = getattr(page.photometric, "name", "MINISBLACK")
        if page.bitspersample == 8 and photometric not in ("MINISBLACK", "MINISWHITE"):
            # Palettes, CMYK, YCbCr and alpha: Pillow knows what to do with them.
            pixels, more, _ = _decode_pillow(data, "TIFF")
            return (pixels, notes + [n for n in more if "frames" not in n], None), tool
        values = page.asarray()
        if page.axes.startswith("S") and values.ndim == 3:
            values = np.moveaxis(values, 0, -1)
    values = np.squeeze(values)
    if values.ndim == 3 and values.shape[-1] in (2, 3, 4):
        values = values[..., 0] if values.shape[-1] == 2 else values[..., :3]
    if values.ndim != 2 and not (values.ndim == 3 and values.shape[-1] == 3):
        raise Undecodable(f"a TIFF page of shape {values.shape} is not a picture")
    if np.iscomplexobj(values):
        raise Undecodable("complex numbers are not a picture")
    if values.dtype == np.bool_:
        values = values.astype(np.uint8) * np.uint8(255)
    stored = None
    if values.dtype == np.uint8:
        pixels = values
    else:
        pixels, stored = scale_to_uint8(values), values
        notes.append(_scaled_note(values))
    if photometric == "MINISWHITE":
        pixels, stored = 255 - pixels, None
    return (drop_equal_channels(pixels), notes, stored), tool


def scale_to_uint8(values: NDArray[np.generic]) -> Pixels:
    """Scale any real values to 0..255 between robust percentiles of the finite ones.

    Where the percentiles coincide (a nearly constant picture), minimum and maximum are used, so a
    small defect on an even ground is not lost.

    Raises
    ------
    Undecodable
        If no value is finite.
    """
    numbers = np.asarray(values, dtype=np.float64)
    finite = np.isfinite(numbers)
    if not finite.all():
        if not finite.any():
            raise Undecodable("no finite values in it")
        numbers = np.where(finite, numbers, np.min(numbers[finite]))
    low, high = robust_range(numbers)
    if not high > low:
        return np.full(numbers.shape, 128, np.uint8)
    if not math.isfinite(high - low):  # near the largest float64: the range itself overflows
        numbers, low, high = numbers / 4, low / 4, high / 4
    if high - low < _SMALLEST:  # next to nothing: the factor would overflow in its turn
        low, high, numbers = 0.0, 1.0, (numbers - low) / (high - low)
    scaled = (np.clip(numbers, low, high) - low) * (255.0 / (high - low))
    result: Pixels = np.rint(scaled).astype(np.uint8)
    return result


def robust_range(numbers: Floats) -> tuple[float, float]:
    """Robust percentiles of finite values; minimum and maximum where those coincide."""
    # A percentile lies between two numbers, whose difference may be larger than any number.
    wide = not math.isfinite(float(numbers.max()) - float(numbers.min()))
    shrunk = numbers / 4 if wide else numbers
    low, high = np.percentile(shrunk, (LOW_PERCENTILE, HIGH_PERCENTILE)) * (4 if wide else 1)
    if not high > low:
        low, high = numbers.min(), numbers.max()
    return float(low), float(high)


def drop_equal_channels(pixels: Pixels) -> Pixels:
    """Grey stored as RGB becomes grey."""
    if (
        pixels.ndim == 3
        and (pixels[..., 0] == pixels[..., 1]).all()
        and (pixels[..., 1] == pixels[..., 2]).all()
    ):
        return np.ascontiguousarray(pixels[..., 0])
    return pixels
