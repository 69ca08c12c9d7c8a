"""Thumbnails of image files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from defect_workbench.core.arrays import Pixels
from defect_workbench.core.errors import concerning
from defect_workbench.core.safe_reading import open_regular
from defect_workbench.engine.input.decode import decode
from defect_workbench.engine.input.formats.image_format import Undecodable


def thumbnail(path: Path, side: int) -> Pixels | None:
    """Return an image reduced to at most `side` pixels per side; None if the file cannot be read.

    Returns
    -------
    (height, width) or (height, width, 3) uint8
    """
    with concerning(path):
        try:
            with open_regular(path) as stream:
                decoded = decode(stream.read(), path.name)
        except (OSError, Undecodable):
            return None
        image = Image.fromarray(decoded.pixels)
        scale = side / max(image.size)
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        return np.asarray(image.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0))
