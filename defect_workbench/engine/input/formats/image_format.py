"""The definition of an image file format, and the errors of decoding."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Pixels
from defect_workbench.core.errors import WorkbenchError
from defect_workbench.core.images.instrument import NO_METADATA, InstrumentMetadata

MAX_PIXELS = 100_000_000
MIN_SIDE = 16
HEAD_BYTES = 32


class Undecodable(WorkbenchError):
    """The content cannot be used as an image; the message is the reason."""


class NotNow(Undecodable):
    """The file was not read for a reason outside it, so that it may be readable later."""


class NotInstalled(NotNow):
    """The package that reads the format is not installed."""


@dataclass(frozen=True)
class Decoded:
    """The first image of a file.

    Attributes
    ----------
    pixels : (height, width) or (height, width, 3) uint8
        Grey or RGB.
    notes : tuple of str
        How the image was converted, for the user.
    values : (height, width) or (height, width, 3) real, or None
        The stored values, if `pixels` were scaled from them.
    tool : InstrumentMetadata
        The metadata in the file.
    """

    pixels: Pixels
    notes: tuple[str, ...] = ()
    values: NDArray[np.generic] | None = None
    tool: InstrumentMetadata = NO_METADATA


@dataclass(frozen=True)
class ImageFormat:
    """An image file format.

    Attributes
    ----------
    name : str
        Used in sessions, stores and messages.
    label : str
        Used in lists of readable formats.
    extensions : tuple of str
        In lower case, with the dot; unique to this format.
    recognises : callable
        Returns whether a file has this format, given its first `HEAD_BYTES` bytes and its extension in lower
        case. The content decides; the extension is used only if the content is ambiguous.
    read : callable
        Decodes the content of a file. It calls `check_size` before it decodes pixels. It raises `Undecodable`
        with a reason, or any exception of its parser for a damaged file.
    version : int
        Increased when `read` returns different pixels or values; features are then computed again.
    requires : str
        The package that reads it, if an extra of this program installs it.
    extra : str
        Name of that extra.
    """

    name: str
    label: str
    extensions: tuple[str, ...]
    recognises: Callable[[bytes, str], bool]
    read: Callable[[bytes], Decoded]
    version: int = 2
    requires: str = ""
    extra: str = ""

    @property
    def available(self) -> bool:
        """Whether the package that reads the format is installed."""
        return not self.requires or importlib.util.find_spec(self.requires) is not None


def check_size(width: int, height: int) -> None:
    """Check the size of an image, in pixels, before its pixels are decoded.

    Raises
    ------
    Undecodable
        If the image is too small or too large, or has no size.
    """
    if min(width, height) <= 0:
        raise Undecodable("damaged: the image has no size")
    if width * height > MAX_PIXELS:
        raise Undecodable(
            f"too large: {width} x {height} pixels; the limit is {MAX_PIXELS // 1_000_000} megapixels"
        )
    if min(width, height) < MIN_SIDE:
        raise Undecodable(f"too small: {width} x {height} pixels; each side must have at least {MIN_SIDE}")
