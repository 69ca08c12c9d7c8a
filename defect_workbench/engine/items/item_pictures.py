"""Images that are not all of a file, as files: defects as PNG in the bit depth of their parent, and pages."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from defect_workbench.core.errors import Remedy, WorkbenchError
from defect_workbench.core.images.image_locations import parse_location
from defect_workbench.engine.input.formats.image_format import Undecodable
from defect_workbench.engine.input.location_reading import page_content, read_location
from defect_workbench.engine.input.pixel_hash import pixel_hash


def item_picture(location: Path) -> tuple[bytes, str]:
    """Return the image of a defect as a PNG file, or a page as a TIFF file, and the SHA-256 of its pixels.

    PNG has 8 bits, or 16 for grey images. Other values, such as heights, are written in the 8 bits in which
    they are displayed.

    Parameters
    ----------
    location : Path
        Of the defect or the page; see `ImageSet.absolute`.

    Raises
    ------
    WorkbenchError
        If the parent can no longer be read.
    """
    try:
        image = read_location(location)
    except (OSError, Undecodable) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise WorkbenchError(f"{location} can no longer be read: {reason}", Remedy.OPEN_AGAIN) from error
    stored = image.pixels if image.values is None else image.values
    where = parse_location(str(location))
    if where.page and where.window is None:
        return page_content(Path(where.path), where.page), pixel_hash(stored)
    deep = stored.dtype == np.uint16 and stored.ndim == 2
    stream = io.BytesIO()
    shown = np.ascontiguousarray(stored, "<u2") if deep else np.ascontiguousarray(image.pixels)
    Image.fromarray(shown).save(stream, "PNG")
    return stream.getvalue(), pixel_hash(stored)
