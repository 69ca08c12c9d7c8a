"""Read an image from its location: a file, a page of one, or a part of either, such as around a defect."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from defect_workbench.core.images.image_locations import parse_location
from defect_workbench.core.safe_reading import open_regular
from defect_workbench.engine.input.decode import DecodedImage, decode
from defect_workbench.engine.input.formats.image_format import Undecodable
from defect_workbench.engine.input.tiff_pages import NoSuchPageError, read_page


def read_location(location: Path) -> DecodedImage:
    """Read and decode the image at a location, as `ImageSet.absolute` returns it.

    Raises
    ------
    OSError
        If the file cannot be read.
    Undecodable
        If it is not a supported image, or does not contain the part.
    """
    where = parse_location(str(location))
    path = Path(where.path)
    if where.page:
        data = page_content(path, where.page)
    else:
        with open_regular(path) as stream:
            data = stream.read()
    image = decode(data, path.name)
    if where.window is None:
        return image
    x1, y1, x2, y2 = where.window
    if not (x1 < x2 <= image.width and y1 < y2 <= image.height):
        raise Undecodable("it is smaller than when its defects were found")
    values = None if image.values is None else image.values[y1:y2, x1:x2]
    return replace(image, pixels=image.pixels[y1:y2, x1:x2], values=values)


def page_content(path: Path, page: int) -> bytes:
    """Return a page of a file as a file with one page.

    Raises
    ------
    OSError
        If the file cannot be read.
    Undecodable
        If it has no such page.
    """
    try:
        return read_page(path, page)
    except NoSuchPageError as error:
        raise Undecodable(str(error)) from error
