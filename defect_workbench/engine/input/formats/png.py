"""Portable Network Graphics."""

from __future__ import annotations

from functools import partial

from defect_workbench.engine.input.formats.image_format import ImageFormat
from defect_workbench.engine.input.formats.pillow_reading import read_with_pillow


def _recognises(head: bytes, extension: str) -> bool:
    return head.startswith(b"\x89PNG\r\n\x1a\n")


ENTRY = ImageFormat("PNG", "PNG", (".png",), _recognises, partial(read_with_pillow, name="PNG"))
