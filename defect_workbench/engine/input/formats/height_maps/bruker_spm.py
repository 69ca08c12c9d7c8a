"""Files of Bruker's atomic force microscopes."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from defect_workbench.engine.input.formats.height_maps.height_map import (
    HeightMap,
    choose_channel,
    read_from_file,
)
from defect_workbench.engine.input.formats.image_format import Decoded, ImageFormat


def _height_map(path: Path) -> HeightMap:
    if re.search(rb"^\\?\*File list end\s*$", path.read_bytes(), re.MULTILINE) is None:
        raise EOFError  # the reader would search for the mark forever
    import pySPM
    from AFMReader.spm import load_spm

    layers = pySPM.Bruker(str(path)).layers
    names = [layer[b"@2:Image Data"][0].decode("latin1").split('"')[1] for layer in layers]
    channel = choose_channel(names)
    heights, size = load_spm(path, channel)
    return HeightMap(np.asarray(heights, np.float64), float(size), "nm", channel)


def _recognises(head: bytes, extension: str) -> bool:
    return head.startswith((b"\\*File list", b"\\*Force file list"))


def _read(data: bytes) -> Decoded:
    return read_from_file(data, ENTRY.name, ".spm", _height_map)


ENTRY = ImageFormat(
    "Bruker SPM", "Bruker SPM (AFM)", (".spm",), _recognises, _read, requires="AFMReader", extra="afm"
)
