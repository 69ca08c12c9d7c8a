"""Where the images of single defects were cut out, as sessions store it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.errors import InputError
from defect_workbench.core.images.defect_items import DefectOrigin, SearchedImage, item_path
from defect_workbench.core.images.image_locations import Rectangle
from defect_workbench.core.images.image_records import ImageRecord, ImageSet
from defect_workbench.core.safe_reading import is_inside
from defect_workbench.storage.session.inspection_arrays import pages_of

SEARCHED = "searched"
_ITEMS = "items"
# Index of the parent, number, box, window.
_COLUMNS = 10


def item_arrays(images: ImageSet) -> dict[str, NDArray[Any]]:
    """Return what was cut out where as an array; empty if the images are whole ones."""
    if not images.are_defects:
        return {}
    index_of = {each.path: index for index, each in enumerate(images.searched)}
    rows = [
        [index_of[origin.parent], origin.number, *origin.box, *origin.window]
        for image in images.images
        if (origin := image.origin) is not None
    ]
    return {_ITEMS: np.array(rows, np.int64).reshape(-1, _COLUMNS)}


def searched_json(images: ImageSet) -> list[list[Any]]:
    """Return the images in which defects were searched."""
    return [[each.path, each.sha256, each.width, each.height, each.defects] for each in images.searched]


def searched_of(state: Mapping[str, Any]) -> tuple[SearchedImage, ...]:
    """Return the images in which defects were searched; none in sessions of whole images.

    Raises
    ------
    InputError
        If one is outside the folder of the session.
    ValueError, TypeError
        If the session is damaged.
    """
    rows = state.get(SEARCHED) or ()
    pages = pages_of(state, [str(path) for path, *_ in rows]) if rows else []
    found = tuple(
        SearchedImage(str(path), str(sha256), int(width), int(height), int(defects), page)
        for (path, sha256, width, height, defects), page in zip(rows, pages, strict=True)
    )
    for each in found:
        if not is_inside(each.path):
            raise InputError(f"it names a file outside its folder: {each.path[:80]!r}")
        if min(each.width, each.height, each.defects) < 0:
            raise ValueError("an image that was searched has no valid size")
    if len({each.path for each in found}) != len(found):
        raise ValueError("an image that was searched is listed twice")
    return found


def with_origins(
    images: tuple[ImageRecord, ...],
    searched: Sequence[SearchedImage],
    arrays: Mapping[str, NDArray[Any]],
) -> tuple[ImageRecord, ...]:
    """Return the images with what they were cut out of.

    Raises
    ------
    ValueError, KeyError
        If the session is damaged.
    """
    if not searched:
        return images
    rows = arrays[_ITEMS]
    if rows.shape != (len(images), _COLUMNS) or rows.dtype.kind != "i":
        raise ValueError("defects and images differ in number")
    return tuple(
        replace(image, origin=_origin(image, row, searched), page=searched[row[0]].page)
        for image, row in zip(images, rows.tolist(), strict=True)
    )


def _origin(image: ImageRecord, row: Sequence[int], searched: Sequence[SearchedImage]) -> DefectOrigin:
    index, number, *corners = row
    if not 0 <= index < len(searched) or not 1 <= number <= searched[index].defects:
        raise ValueError("a defect is in an image that was not searched")
    parent = searched[index]
    box, window = _inside(corners[:4], parent), _inside(corners[4:], parent)
    if image.path != item_path(parent.path, number):
        raise ValueError("a defect has the path of another image")
    if (image.width, image.height) != (window[2] - window[0], window[3] - window[1]):
        raise ValueError("a defect has another size than what was cut out")
    return DefectOrigin(parent.path, number, box, window)


def _inside(corners: Sequence[int], parent: SearchedImage) -> Rectangle:
    x1, y1, x2, y2 = corners
    if not (0 <= x1 < x2 <= parent.width and 0 <= y1 < y2 <= parent.height):
        raise ValueError("a defect is outside its image")
    return x1, y1, x2, y2
