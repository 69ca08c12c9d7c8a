"""JPEG."""

from __future__ import annotations

from functools import partial

from defect_workbench.engine.input.formats.image_format import ImageFormat
from defect_workbench.engine.input.formats.pillow_reading import read_with_pillow


def _recognises(head: bytes, extension: str) -> bool:
    return head.startswith(b"\xff\xd8\xff")


ENTRY = ImageFormat(
    "JPEG", "JPEG", (".jpg", ".jpeg", ".jpe", ".jfif"), _recognises, partial(read_with_pillow, name="JPEG")
)
