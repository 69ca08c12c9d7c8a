"""Files of high-speed atomic force microscopes (ASD); only the first frame is read."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from defect_workbench.engine.input.formats.height_maps.height_map import HeightMap, read_from_file
from defect_workbench.engine.input.formats.image_format import Decoded, ImageFormat


def _height_map(path: Path) -> HeightMap:
    from AFMReader.asd import load_asd

    frames, size, _ = load_asd(path, "TP")
    stack = np.asarray(frames, np.float64)
    return HeightMap(stack[0], float(size), "nm", "TP", len(stack))


def _recognises(head: bytes, extension: str) -> bool:
    # The file begins with a version number, 0 to 2, and has no other signature.
    return extension in ENTRY.extensions and len(head) >= 4 and int.from_bytes(head[:4], "little") <= 2


def _read(data: bytes) -> Decoded:
    return read_from_file(data, ENTRY.name, ".asd", _height_map)


ENTRY = ImageFormat("ASD", "ASD (AFM)", (".asd",), _recognises, _read, requires="AFMReader", extra="afm")
