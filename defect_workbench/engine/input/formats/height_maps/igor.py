"""Igor binary waves, the format of Asylum Research's atomic force microscopes."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from defect_workbench.engine.input.formats.height_maps.height_map import (
    HeightMap,
    choose_channel,
    read_from_file,
)
from defect_workbench.engine.input.formats.image_format import Decoded, ImageFormat

_VERSIONS = {struct.pack(order, version) for order in ("<h", ">h") for version in (2, 5)}


def _height_map(path: Path) -> HeightMap:
    from AFMReader.ibw import load_ibw
    from igor2 import binarywave

    labels = binarywave.load(path)["wave"]["labels"]
    names = [label.decode() for group in labels for label in group if label]
    channel = choose_channel(names)
    heights, size = load_ibw(path, channel)
    return HeightMap(np.asarray(heights, np.float64), float(size), "nm", channel)


def _recognises(head: bytes, extension: str) -> bool:
    return extension in ENTRY.extensions and head[:2] in _VERSIONS


def _read(data: bytes) -> Decoded:
    return read_from_file(data, ENTRY.name, ".ibw", _height_map)


ENTRY = ImageFormat("Igor", "Igor (AFM)", (".ibw",), _recognises, _read, requires="AFMReader", extra="afm")
