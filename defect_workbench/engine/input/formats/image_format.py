"""What a format of image files consists of, and why a file may not be read."""

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
    """The bytes cannot be used as an image; the message is the reason."""


class NotNow(Undecodable):
    """The file may be sound: the reason lies outside it, and another run may read it."""


class NotInstalled(NotNow):
    """What reads the file is not installed."""


@dataclass(frozen=True)
class Decoded:
    """The first image of a file.

    Attributes
    ----------
    pixels : (height, width) or (height, width, 3) uint8
        Grey or RGB.
    notes : tuple of str
        What a person should know about how it was read.
    values : (height, width) or (height, width, 3) real, or None
        As stored, where `pixels` had to be scaled from them.
    tool : InstrumentMetadata
        What the file says about how the image was taken.
    """

    pixels: Pixels
    notes: tuple[str, ...] = ()
    values: NDArray[np.generic] | None = None
    tool: InstrumentMetadata = NO_METADATA


@dataclass(frozen=True)
class ImageFormat:
    """A format of image files.

    Attributes
    ----------
    name : str
        In sessions, stores and messages.
    label : str
        In lists of what can be read.
    extensions : tuple of str
        In lower case, with the dot; no other format has them.
    recognises : callable
        Whether a file is of this format, from its first `HEAD_BYTES` bytes and its extension in lower
        case. The content decides; the extension does only where the content is ambiguous.
    read : callable
        Decodes the bytes of a file. It calls `check_size` before it decodes pixels. It raises Undecodable
        with a reason, or whatever its parser meets in a damaged file.
    version : int
        Raised when `read` gives other pixels or values than before: features are then computed again.
    requires : str
        A package that reads it, where that belongs to an extra of this program.
    extra : str
        The extra.
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
        """Whether what reads it is installed."""
        return not self.requires or importlib.util.find_spec(self.requires) is not None


def check_size(width: int, height: int) -> None:
    """Refuse an image by its size, in pixels, before its pixels are decoded.

    Raises
    ------
    Undecodable
    """
    if min(width, height) <= 0:
        raise Undecodable("damaged: it gives no size of its image")
    if width * height > MAX_PIXELS:
        raise Undecodable(
            f"too large: {width} x {height} pixels; the limit is {MAX_PIXELS // 1_000_000} megapixels"
        )
    if min(width, height) < MIN_SIDE:
        raise Undecodable(
            f"too small: {width} x {height} pixels; at least {MIN_SIDE} on each side are needed"
        )
