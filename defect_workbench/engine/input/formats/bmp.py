"""Windows bitmaps."""

from __future__ import annotations

from functools import partial

from defect_workbench.engine.input.formats.image_format import ImageFormat
from defect_workbench.engine.input.formats.pillow_reading import read_with_pillow


def _recognises(head: bytes, extension: str) -> bool:
    return head.startswith(b"BM")


ENTRY = ImageFormat("BMP", "BMP", (".bmp", ".dib"), _recognises, partial(read_with_pillow, name="BMP"))
