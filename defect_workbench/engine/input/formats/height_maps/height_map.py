"""Convert height maps to grey images: levelled by a plane, with higher points brighter."""

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
    """A height map as stored in a file.

    Attributes
    ----------
    heights : (height, width) float64
        In `unit`.
    pixel_size_nm : float or None
        None if unknown.
    unit : str
        Unit of the heights; empty if unknown.
    channel : str
        Name of the channel; empty if unknown.
    frames : int
        Number of images in the file, of which `heights` is the first.
    """

    heights: Floats
    pixel_size_nm: float | None
    unit: str
    channel: str
    frames: int = 1


def as_image(height_map: HeightMap, name: str) -> Decoded:
    """Convert a height map to an image.

    Parameters
    ----------
    name : str
        Name of the format.

    Raises
    ------
    ValueError
        If there are no heights.
    Undecodable
        If the image is too small or too large.
    """
    from defect_workbench.engine.input.metadata_values import believable

    if height_map.heights.ndim != 2 or height_map.heights.size == 0 or np.iscomplexobj(height_map.heights):
        raise ValueError("it has no height map")
    check_size(height_map.heights.shape[1], height_map.heights.shape[0])
    heights = levelled(height_map.heights)
    notes = ["height map levelled by a plane"]
    if height_map.frames > 1:
        notes.append(f"first of {height_map.frames} frames")
    tool = InstrumentMetadata(
        maker=f"AFM ({name})",
        pixel_size_nm=believable(height_map.pixel_size_nm),
        detector=height_map.channel,
        height_unit=height_map.unit,
    )
    return Decoded(scale_to_uint8(heights), tuple(notes), heights, tool)


def levelled(heights: Floats) -> Floats:
    """Subtract the least-squares plane, refitted twice without points that deviate by more than 3 sigma.

    Parameters
    ----------
    heights : (height, width) float64
        Values that are not finite are ignored by the fit and left unchanged.

    Returns
    -------
    (height, width) float64
        In the same unit.
    """
    rows, columns = np.mgrid[: heights.shape[0], : heights.shape[1]].astype(np.float64)
    design = np.stack([np.ones(heights.size), rows.ravel(), columns.ravel()], axis=1)
    values = heights.ravel()
    used = np.isfinite(values)
    if used.sum() < 3:
        return heights
    rest = values
    for _ in range(3):
        plane = np.linalg.lstsq(design[used], values[used], rcond=None)[0]
        rest = values - design @ plane
        deviation = np.abs(rest - np.median(rest[used]))
        sigma = 1.4826 * float(np.median(deviation[used]))
        kept = np.isfinite(values) & (deviation <= 3 * sigma)
        if sigma <= 0 or kept.sum() < max(3, 0.3 * used.sum()):
            break
        used = kept
    return rest.reshape(heights.shape)


def choose_channel(channels: Sequence[str]) -> str:
    """Return the channel whose name indicates heights, or else the first channel.

    Raises
    ------
    ValueError
        If there are no channels.
    """
    if not channels:
        raise ValueError("it has no channel")
    for pattern in (_FIRST, _HEIGHTS):
        for channel in channels:
            if pattern.search(channel):
                return channel
    return channels[0]


def read_from_file(data: bytes, name: str, extension: str, read: Callable[[Path], HeightMap]) -> Decoded:
    """Decode with a function of AFMReader, all of which need a file with the right extension.

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
            raise NotNow(f"it cannot be written to the system's temporary folder: {reason}") from error
        return as_image(read(path), name)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silence AFMReader, which logs every step to the console."""
    import AFMReader.general_loader  # noqa: F401 # importing it enables its log
    from loguru import logger

    logger.disable("AFMReader")
    yield
