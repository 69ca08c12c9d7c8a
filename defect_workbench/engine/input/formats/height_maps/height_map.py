"""Height maps as grey images: levelled by a plane, higher is brighter."""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from defect_workbench.core.arrays import Floats
from defect_workbench.core.images.instrument import InstrumentMetadata
from defect_workbench.core.safe_reading import why_not_written
from defect_workbench.engine.input.formats.image_format import Decoded, NotNow, check_size
from defect_workbench.engine.input.formats.pixel_scaling import scale_to_uint8

_HEIGHTS = re.compile(r"height|topo|z.?sensor|^z\b", re.IGNORECASE)
_FIRST = re.compile(r"^height|height.?trace|heighttrace", re.IGNORECASE)


@dataclass(frozen=True)
class HeightMap:
    """Heights as stored in a file.

    Attributes
    ----------
    heights : (height, width) float64
        In `unit`.
    pixel_size_nm : float or None
        Side of a pixel.
    frames : int
        Images in the file; `heights` is the first.
    """

    heights: Floats
    pixel_size_nm: float | None
    unit: str
    channel: str
    frames: int = 1


def as_image(found: HeightMap, name: str) -> Decoded:
    """A height map as an image.

    Parameters
    ----------
    name : str
        Of the format.

    Raises
    ------
    ValueError
        If there are no heights.
    Undecodable
        If it is too small or too large.
    """
    from defect_workbench.engine.input.instrument_metadata import believable

    if found.heights.ndim != 2 or found.heights.size == 0 or np.iscomplexobj(found.heights):
        raise ValueError("no height map in it")
    check_size(found.heights.shape[1], found.heights.shape[0])
    heights = levelled(found.heights)
    notes = ["height map levelled by a plane"]
    if found.frames > 1:
        notes.append(f"first of {found.frames} frames")
    tool = InstrumentMetadata(
        maker=f"AFM ({name})",
        pixel_size_nm=believable(found.pixel_size_nm),
        detector=found.channel,
        height_unit=found.unit,
    )
    return Decoded(scale_to_uint8(heights), tuple(notes), heights, tool)


def levelled(heights: Floats) -> Floats:
    """Subtract the least-squares plane, refitted twice without what stands out by 3 sigma.

    Parameters
    ----------
    heights : (height, width) float64
        Values that are not finite stay out of the fit and as they are.

    Returns
    -------
    (height, width) float64
        In the same unit.
    """
    rows, columns = np.mgrid[: heights.shape[0], : heights.shape[1]].astype(np.float64)
    design = np.stack([np.ones(heights.size), rows.ravel(), columns.ravel()], axis=1)
    values = heights.ravel()
    use = np.isfinite(values)
    if use.sum() < 3:
        return heights
    rest = values
    for _ in range(3):
        plane = np.linalg.lstsq(design[use], values[use], rcond=None)[0]
        rest = values - design @ plane
        deviation = np.abs(rest - np.median(rest[use]))
        sigma = 1.4826 * float(np.median(deviation[use]))
        kept = np.isfinite(values) & (deviation <= 3 * sigma)
        if sigma <= 0 or kept.sum() < max(3, 0.3 * use.sum()):
            break
        use = kept
    return rest.reshape(heights.shape)


def choose_channel(channels: Sequence[str]) -> str:
    """The channel of heights; the first where no name says so.

    Raises
    ------
    ValueError
        If there is none.
    """
    if not channels:
        raise ValueError("no channel in it")
    for pattern in (_FIRST, _HEIGHTS):
        for channel in channels:
            if pattern.search(channel):
                return channel
    return channels[0]


def read_from_file(data: bytes, name: str, extension: str, read: Callable[[Path], HeightMap]) -> Decoded:
    """Decode by a reader of AFMReader, all of which want a file with its extension.

    Raises
    ------
    NotNow
        If the system's temporary folder cannot hold the file.
    """
    with tempfile.TemporaryDirectory(prefix="defect-workbench-") as folder, _quiet():
        path = Path(folder) / f"map{extension}"
        try:
            path.write_bytes(data)
        except OSError as error:
            reason = why_not_written(error)
            raise NotNow(f"it cannot be unpacked into the system's temporary folder: {reason}") from error
        return as_image(read(path), name)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """AFMReader logs every step to the console."""
    import AFMReader.general_loader  # noqa: F401 # its modules switch their log on when imported
    from loguru import logger

    logger.disable("AFMReader")
    yield
