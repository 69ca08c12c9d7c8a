"""Read an image from its location: a file, or a part of one, such as the surroundings of a defect."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from defect_workbench.core.images.defect_items import split_location
from defect_workbench.core.safe_reading import open_regular
from defect_workbench.engine.input.decode import DecodedImage, decode
from defect_workbench.engine.input.formats.image_format import Undecodable


def read_location(location: Path) -> DecodedImage:
    """Read and decode the image at a location, as `ImageSet.absolute` returns it.

    Raises
    ------
    OSError
        If the file cannot be read.
    Undecodable
        If it is not a supported image, or does not contain the part.
    """
    path, window = split_location(str(location))
    with open_regular(Path(path)) as stream:
        image = decode(stream.read(), Path(path).name)
    if window is None:
        return image
    x1, y1, x2, y2 = window
    if not (x1 < x2 <= image.width and y1 < y2 <= image.height):
        raise Undecodable("it is smaller than when its defects were found")
    values = None if image.values is None else image.values[y1:y2, x1:x2]
    return replace(image, pixels=image.pixels[y1:y2, x1:x2], values=values)
