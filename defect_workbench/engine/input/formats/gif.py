"""Graphics Interchange Format; only the first frame of an animation is read."""

from __future__ import annotations

from functools import partial

from defect_workbench.engine.input.formats.image_format import ImageFormat
from defect_workbench.engine.input.formats.pillow_reading import read_with_pillow


def _recognises(head: bytes, extension: str) -> bool:
    return head.startswith((b"GIF87a", b"GIF89a"))


ENTRY = ImageFormat("GIF", "GIF", (".gif",), _recognises, partial(read_with_pillow, name="GIF"))
