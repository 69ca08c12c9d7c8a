"""Decode image files to 8-bit pixels."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Pixels
from defect_workbench.core.images.instrument import NO_METADATA, InstrumentMetadata
from defect_workbench.engine.input.formats.image_format import ImageFormat, NotInstalled, NotNow, Undecodable
from defect_workbench.engine.input.formats.registry import format_names, promised_format, recognised_format


@dataclass(frozen=True, slots=True)
class DecodedImage:
    """A decoded image.

    Attributes
    ----------
    pixels : (height, width) or (height, width, 3) uint8
        Grey or RGB.
    format : str
        Name of the format of the content.
    note : str
        How the image was converted, for the user; empty if there is nothing to report.
    values : (height, width) or (height, width, 3) real, or None
        The stored values, if `pixels` were scaled from them.
    tool : InstrumentMetadata
        The metadata in the file.
    """

    pixels: Pixels
    format: str
    note: str
    values: NDArray[np.generic] | None = None
    tool: InstrumentMetadata = NO_METADATA

    @property
    def width(self) -> int:
        """In pixels."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """In pixels."""
        return int(self.pixels.shape[0])


def extension_note(path: str, format_name: str) -> str:
    """Return a note if a file's content is not of the format of its extension, else an empty text."""
    expected = promised_format(path)
    if expected is None or expected.name == format_name:
        return ""
    return f"{format_name} content under the extension {os.path.splitext(path)[1]}"


def reading_note(path: str, format_name: str, note: str) -> str:
    """Return the remark on how an image was read: on its extension, and that of its format."""
    return "; ".join(filter(None, (extension_note(path, format_name), note)))


def decode(data: bytes, name: str = "") -> DecodedImage:
    """Decode the first image of a file.

    Parameters
    ----------
    data : bytes
        The whole file.
    name : str
        Name of the file; some formats are recognised by their extension only.

    Raises
    ------
    NotInstalled
        If the package that reads its format is not installed.
    NotNow
        If there is not enough memory or disk space.
    Undecodable
        If the content is not a supported image; the message is the reason.
    """
    if not data:
        raise Undecodable("the file is empty (0 bytes)")
    image_format = recognised_format(data, name)
    if image_format is None:
        raise Undecodable(f"not an image of a format that this program reads ({format_names()})")
    if not image_format.available:
        raise NotInstalled(
            f"{image_format.label}: to read this format, install the program with its extra "
            f"“{image_format.extra}”"
        )
    try:
        decoded = image_format.read(data)
    except Undecodable:
        raise
    except MemoryError as error:
        raise NotNow("not enough memory to decode it") from error
    except Exception as error:  # parsers raise many types for a damaged file
        raise Undecodable(_damage(image_format, error)) from error
    return DecodedImage(
        decoded.pixels, image_format.name, "; ".join(decoded.notes), decoded.values, decoded.tool
    )


def _damage(image_format: ImageFormat, error: Exception) -> str:
    from PIL import UnidentifiedImageError

    text = str(error).lower()
    if isinstance(error, UnidentifiedImageError):
        return f"damaged: it begins like a {image_format.name} file but cannot be read as one"
    if "truncated" in text or isinstance(error, EOFError) or "not enough" in text or "broken data" in text:
        return f"truncated or damaged: the {image_format.name} data end early"
    return f"damaged: the {image_format.name} data cannot be decoded"
