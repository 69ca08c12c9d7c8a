"""WebP."""

from __future__ import annotations

from functools import partial

from defect_workbench.engine.input.formats.image_format import ImageFormat
from defect_workbench.engine.input.formats.pillow_reading import read_with_pillow


def _recognises(head: bytes, extension: str) -> bool:
    return head.startswith(b"RIFF") and head[8:12] == b"WEBP"


ENTRY = ImageFormat("WebP", "WebP", (".webp",), _recognises, partial(read_with_pillow, name="WebP"))
