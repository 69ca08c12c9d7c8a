"""Bytes of an image file to 8-bit pixels, or a reason in words why not."""

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
class Picture:
    """Decoded pixels.

    Attributes
    ----------
    pixels : (height, width) or (height, width, 3) uint8
        Grey or RGB.
    format : str
        Name of the format that the content has.
    note : str
        What the person should know about how it was read; empty if nothing.
    values : (height, width) or (height, width, 3) real, or None
        As stored, where `pixels` had to be scaled from them.
    tool : InstrumentMetadata
        What the file says about how the image was taken.
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


def extension_note(path: str, found: str) -> str:
    """What to tell where a file's content is of another format than its name promises; else empty."""
    promised = promised_format(path)
    if promised is None or promised.name == found:
        return ""
    return f"{found} content under the extension {os.path.splitext(path)[1]}"


def decode(data: bytes, name: str = "") -> Picture:
    """Decode the first image of a file.

    Parameters
    ----------
    data : bytes
        The whole file.
    name : str
        Of the file; some formats are known by their extension only.

    Raises
    ------
    NotInstalled
        If what reads its format is not installed.
    NotNow
        If there is not enough memory or disk space.
    Undecodable
        With a reason for the person.
    """
    if not data:
        raise Undecodable("the file is empty (0 bytes)")
    found = recognised_format(data, name)
    if found is None:
        raise Undecodable(f"not an image of a format that this program reads ({format_names()})")
    if not found.available:
        raise NotInstalled(
            f"{found.label}: to read this format, install the extra: "
            f"pip install 'defect-workbench[{found.extra}]'"
        )
    try:
        decoded = found.read(data)
    except Undecodable:
        raise
    except MemoryError as error:
        raise NotNow("not enough memory to decode it") from error
    except Exception as error:  # the decoders raise whatever their parsers met in a damaged file
        raise Undecodable(_damage(found, error)) from error
    return Picture(decoded.pixels, found.name, "; ".join(decoded.notes), decoded.values, decoded.tool)


def _damage(found: ImageFormat, error: Exception) -> str:
    from PIL import UnidentifiedImageError

    text = str(error).lower()
    if isinstance(error, UnidentifiedImageError):
        return f"damaged: it begins like a {found.name} file but cannot be read as one"
    if "truncated" in text or isinstance(error, EOFError) or "not enough" in text or "broken data" in text:
        return f"truncated or damaged: the {found.name} data end early"
    return f"damaged: the {found.name} data cannot be decoded"
