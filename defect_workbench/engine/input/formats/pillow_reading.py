"""Decode image files with Pillow."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from defect_workbench.core.arrays import Pixels
from defect_workbench.engine.input.formats.image_format import Decoded, check_size
from defect_workbench.engine.input.formats.pixel_scaling import (
    drop_equal_channels,
    scale_to_uint8,
    scaled_note,
)

if TYPE_CHECKING:
    from PIL import Image


def read_with_pillow(data: bytes, name: str) -> Decoded:
    """Decode the first image of a file of a given format.

    Parameters
    ----------
    name : str
        Pillow's name of the format. Pillow would otherwise try all its decoders on a malicious file that only
        begins like this format.

    Raises
    ------
    Undecodable
        If the image is too small or too large. Pillow's decoders raise other exceptions for damaged files.
    """
    from PIL import Image, ImageOps

    # Sizes are checked here, before a pixel is decoded; Pillow's own limit would only add a warning.
    Image.MAX_IMAGE_PIXELS = None
    notes = []
    with Image.open(io.BytesIO(data), formats=[name]) as image:
        check_size(*image.size)
        frames = getattr(image, "n_frames", 1)
        if frames > 1:
            notes.append(f"first of {frames} frames")
        image.load()
        transposed = ImageOps.exif_transpose(image)
        if transposed.size != image.size or image.getexif().get(0x0112, 1) not in (0, 1):
            notes.append("rotated as its EXIF data say")
        if transposed.mode == "F" or transposed.mode.startswith("I"):
            values = np.asarray(transposed)
            return Decoded(scale_to_uint8(values), (*notes, scaled_note(values)), values)
        return Decoded(_to_uint8(transposed), tuple(notes))


def _to_uint8(image: Image.Image) -> Pixels:
    """Return the 8-bit pixels of a Pillow image of at most 8 bits per channel."""
    from PIL import Image

    if image.mode in ("1", "L"):
        return np.asarray(image.convert("L"))
    if image.has_transparency_data or image.mode in ("RGBA", "LA", "PA"):
        layered = image.convert("RGBA")
        black = Image.new("RGBA", layered.size, (0, 0, 0, 255))
        image = Image.alpha_composite(black, layered)
    return drop_equal_channels(np.asarray(image.convert("RGB")))
