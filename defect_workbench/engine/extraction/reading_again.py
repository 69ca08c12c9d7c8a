"""Read images of a set again, for steps that need their pixels after extraction."""

from __future__ import annotations

from defect_workbench.core.arrays import Pixels
from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.images.image_records import ImageSet
from defect_workbench.core.images.preprocessing_steps import Preprocessing
from defect_workbench.engine.input.formats.image_format import Undecodable
from defect_workbench.engine.input.location_reading import read_location
from defect_workbench.engine.preprocessing.feature_input import Preprocessed, preprocessed


def read_pixels(images: ImageSet, index: int) -> Pixels:
    """Read the pixels of an image from its file.

    Returns
    -------
    (height, width) or (height, width, 3) uint8

    Raises
    ------
    WorkbenchError
        If the file can no longer be read.
    """
    image = images.images[index]
    try:
        return read_location(images.absolute(index)).pixels
    except OSError as error:
        raise WorkbenchError(f"{image.path} can no longer be read: {error.strerror}") from error
    except Undecodable as error:
        raise WorkbenchError(f"{image.path} changed after it was read: {error}") from error


def preprocessed_as_extracted(
    images: ImageSet, index: int, pixels: Pixels, processing: Preprocessing
) -> Preprocessed:
    """Preprocess pixels, grey or RGB, with the info bar and pixel size that extraction found."""
    image = images.images[index]
    size = image.tool.pixel_size_nm if image.tool is not None else None
    return preprocessed(pixels, processing, bar_rows=image.info_bar, pixel_size_nm=size)
