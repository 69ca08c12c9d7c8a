"""Thumbnails of image files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from defect_workbench.core.arrays import Pixels
from defect_workbench.core.errors import concerning
from defect_workbench.engine.input.formats.image_format import Undecodable
from defect_workbench.engine.input.location_reading import read_location


def thumbnail(path: Path, side: int) -> Pixels | None:
    """Return an image reduced to at most `side` pixels per side; None if the file cannot be read.

    Parameters
    ----------
    path : Path
        Of a file, or the location of a defect in it; see `ImageSet.absolute`.

    Returns
    -------
    (height, width) or (height, width, 3) uint8
    """
    with concerning(path):
        try:
            decoded = read_location(path)
        except (OSError, Undecodable):
            return None
        image = Image.fromarray(decoded.pixels)
        scale = side / max(image.size)
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        return np.asarray(image.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0))
