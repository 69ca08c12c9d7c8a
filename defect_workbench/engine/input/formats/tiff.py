"""Tagged Image File Format (TIFF), with the metadata that microscopes write into it."""

from __future__ import annotations

import io
import logging

import numpy as np

from defect_workbench.engine.input.formats.image_format import Decoded, ImageFormat, Undecodable, check_size
from defect_workbench.engine.input.formats.pillow_reading import read_with_pillow
from defect_workbench.engine.input.formats.pixel_scaling import (
    drop_equal_channels,
    scale_to_uint8,
    scaled_note,
)

MARKS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

# tifffile prints every irregularity of a file to the console.
logging.getLogger("tifffile").setLevel(logging.CRITICAL)


def _recognises(head: bytes, extension: str) -> bool:
    return head.startswith(MARKS)


def _read(data: bytes) -> Decoded:
    import tifffile

    from defect_workbench.engine.input.instrument_metadata import tiff_facts

    notes = []
    with tifffile.TiffFile(io.BytesIO(data)) as tiff:
        tool = tiff_facts(tiff)
        page = tiff.pages.first
        check_size(page.imagewidth, page.imagelength)
        pages = len(tiff.pages)
        if pages > 1:
            notes.append(f"first of {pages} pages")
        photometric = getattr(page.photometric, "name", "MINISBLACK")
        if page.bitspersample == 8 and photometric not in ("MINISBLACK", "MINISWHITE"):
            # Pillow converts palettes, CMYK, YCbCr and alpha.
            decoded = read_with_pillow(data, "TIFF")
            more = (note for note in decoded.notes if "frames" not in note)
            return Decoded(decoded.pixels, (*notes, *more), tool=tool)
        values = page.asarray()
        if page.axes.startswith("S") and values.ndim == 3:
            values = np.moveaxis(values, 0, -1)
    values = np.squeeze(values)
    if values.ndim == 3 and values.shape[-1] in (2, 3, 4):
        values = values[..., 0] if values.shape[-1] == 2 else values[..., :3]
    if values.ndim != 2 and not (values.ndim == 3 and values.shape[-1] == 3):
        raise Undecodable(f"a TIFF page of shape {values.shape} is not an image")
    if np.iscomplexobj(values):
        raise Undecodable("complex numbers are not an image")
    if values.dtype == np.bool_:
        values = values.astype(np.uint8) * np.uint8(255)
    stored = None
    if values.dtype == np.uint8:
        pixels = values
    else:
        pixels, stored = scale_to_uint8(values), values
        notes.append(scaled_note(values))
    if photometric == "MINISWHITE":
        pixels, stored = 255 - pixels, None
    return Decoded(drop_equal_channels(pixels), tuple(notes), stored, tool)


ENTRY = ImageFormat("TIFF", "TIFF", (".tif", ".tiff"), _recognises, _read)
