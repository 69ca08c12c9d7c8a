"""Files of JPK's atomic force microscopes: TIFF with private tags, read by tifffile."""

from __future__ import annotations

import io
from enum import IntEnum
from typing import Any

import numpy as np

from defect_workbench.engine.input.formats.height_maps.height_map import HeightMap, as_image, choose_channel
from defect_workbench.engine.input.formats.image_format import Decoded, ImageFormat

_MARKS = (b"II*\0", b"MM\0*")
_NANOMETRES = 1e9


class _Tag(IntEnum):
    """JPK's tag numbers; for tags of slots, those of the first slot."""

    GRID_WIDTH = 32834
    GRID_COLUMNS = 32838
    CHANNEL = 32848
    RETRACE = 32849
    SLOTS = 32896
    DEFAULT_SLOT = 32897
    SLOT_NAME = 32912
    SCALING = 32931
    FACTOR = 32932
    OFFSET = 32933


_SLOT_STEP = 48  # from a tag of one slot to that of the next


def _height_map(data: bytes) -> HeightMap:
    import tifffile

    with tifffile.TiffFile(io.BytesIO(data)) as tiff:
        pages = {}
        for page in list(tiff.pages)[1:]:  # the first is a thumbnail
            if isinstance(page, tifffile.TiffPage):
                direction = "trace" if page.tags[_Tag.RETRACE].value == 0 else "retrace"
                pages[f"{page.tags[_Tag.CHANNEL].value}_{direction}"] = page
        channel = choose_channel(list(pages))
        page, first = pages[channel], tiff.pages.first
        factor, offset = _scaling(page)
        values = np.flipud(np.asarray(page.asarray(), np.float64) * factor + offset)
        width = first.tags[_Tag.GRID_WIDTH].value / first.tags[_Tag.GRID_COLUMNS].value
    size = float(width) * _NANOMETRES
    if channel.rpartition("_")[0] in ("height", "measuredHeight"):
        return HeightMap(values * _NANOMETRES, size, "nm", channel)
    return HeightMap(values, size, "", channel)


def _scaling(page: Any) -> tuple[float, float]:
    """Return factor and offset that convert stored numbers to the values of the default slot."""
    default = page.tags[_Tag.DEFAULT_SLOT].value
    for slot in range(int(page.tags[_Tag.SLOTS].value)):
        step = slot * _SLOT_STEP
        if page.tags.valueof(_Tag.SLOT_NAME + step) != default:
            continue
        if page.tags[_Tag.SCALING + step].value == "NullScaling":
            return 1.0, 0.0
        return float(page.tags[_Tag.FACTOR + step].value), float(page.tags[_Tag.OFFSET + step].value)
    return 1.0, 0.0


def _recognises(head: bytes, extension: str) -> bool:
    return extension in ENTRY.extensions and head.startswith(_MARKS)


def _read(data: bytes) -> Decoded:
    return as_image(_height_map(data), ENTRY.name)


ENTRY = ImageFormat("JPK", "JPK (AFM)", (".jpk",), _recognises, _read)
