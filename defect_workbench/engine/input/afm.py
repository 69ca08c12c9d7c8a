"""Height maps of atomic force microscopes, as grey pictures.

The formats are read by AFMReader (an extra of the package); levelled by a plane, higher is brighter.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import re
import struct
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from defect_workbench.core.arrays import Floats
from defect_workbench.core.images.instrument import ToolFacts
from defect_workbench.core.safe_reading import why_not_written
from defect_workbench.engine.input.instrument_metadata import believable

EXTENSIONS = {
    ".gwy": "Gwyddion",
    ".spm": "Bruker SPM",
    ".ibw": "Igor",
    ".jpk": "JPK",
    ".asd": "ASD",
}
MISSING = "an AFM height map ({name}); to read it, install the extra: pip install 'defect-workbench[afm]'"

_HEIGHTS = re.compile(r"height|topo|z.?sensor|^z\b", re.IGNORECASE)
_FIRST = re.compile(r"^height|height.?trace|heighttrace", re.IGNORECASE)
_IBW_VERSIONS = {struct.pack("<h", 5), struct.pack(">h", 5), struct.pack("<h", 2), struct.pack(">h", 2)}


class NoRoom(OSError):
    """The system's temporary folder does not take the file."""


@dataclass(frozen=True)
class HeightMap:
    """Heights as a reader gave them.

    Attributes
    ----------
    heights : (height, width) float64
    frames : int
        Pictures in the file; `heights` is the first.
    """

    heights: Floats
    pixel_size_nm: float | None
    unit: str
    channel: str
    frames: int = 1


def sniff(head: bytes, extension: str) -> str | None:
    """Name of the AFM format that a file's first bytes belong to; weak marks need the extension, too."""
    if head.startswith(b"GWYP"):
        return "Gwyddion"
    if head.startswith((b"\\*File list", b"\\*Force file list")):
        return "Bruker SPM"
    extension = extension.lower()
    if extension == ".ibw" and head[:2] in _IBW_VERSIONS:
        return "Igor"
    if extension == ".jpk" and head.startswith((b"II*\0", b"MM\0*")):
        return "JPK"
    if extension == ".asd" and len(head) >= 4 and 0 <= int.from_bytes(head[:4], "little") <= 2:
        return "ASD"
    return None


def available() -> bool:
    """Whether the extra that reads these formats is installed."""
    return importlib.util.find_spec("AFMReader") is not None


def read(data: bytes, name: str) -> HeightMap:
    """The height channel of a file of the format `name`.

    Raises
    ------
    Exception
        Whatever the reader meets in a damaged file.
    ValueError
        If no channel can be shown.
    NoRoom
        If the readers, which read files only, cannot be given one.
    """
    suffix = next(extension for extension, known in EXTENSIONS.items() if known == name)
    with tempfile.TemporaryDirectory(prefix="defect-workbench-") as folder, _quiet():
        path = Path(folder) / f"map{suffix}"
        try:
            path.write_bytes(data)
        except OSError as error:
            raise NoRoom(error.errno, why_not_written(error)) from error
        found = _READERS[name](path)
    if found.heights.ndim != 2 or found.heights.size == 0 or np.iscomplexobj(found.heights):
        raise ValueError("no height map in it")
    return found


def levelled(heights: Floats) -> Floats:
    """Heights less their least-squares plane, refitted twice without what stands out by 3 sigma.

    Values that are not finite stay out of the fit and as they are.
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


def facts(found: HeightMap, name: str) -> ToolFacts:
    """What a height map's file says about it."""
    return ToolFacts(
        maker=f"AFM ({name})",
        pixel_size_nm=believable(found.pixel_size_nm),
        detector=found.channel,
        height_unit=found.unit,
    )


@contextlib.contextmanager
def _quiet() -> Any:
    """AFMReader tells everything to the console otherwise."""
    import AFMReader.general_loader  # noqa: F401 # its modules switch their log on when imported
    from loguru import logger

    logger.disable("AFMReader")
    yield


class _Ending(io.BytesIO):
    """Bytes that end with an error; the reader would wait for a terminator for ever."""

    def read(self, size: int | None = -1) -> bytes:
        """As ever, but never less than asked for."""
        found = super().read(size)
        if size is not None and len(found) < size:
            raise EOFError
        return found


def _choose(channels: Sequence[str]) -> str:
    """The channel that is height, else the first."""
    if not channels:
        raise ValueError("no channel in it")
    for pattern in (_FIRST, _HEIGHTS):
        for channel in channels:
            if pattern.search(channel):
                return channel
    return channels[0]


def _gwy(path: Path) -> HeightMap:
    from AFMReader.gwy import gwy_get_channels, gwy_read_object

    content: dict[Any, Any] = {}
    gwy_read_object(_Ending(path.read_bytes()[4:]), data_dict=content)
    numbers = gwy_get_channels(gwy_file_structure=content)
    if numbers:
        channel = _choose(list(numbers))
        number = numbers[channel]
    else:
        channel = ""
        untitled = [m.group(1) for key in content if (m := re.fullmatch(r"/(\d+)/data", str(key)))]
        if not untitled:
            raise ValueError("no channel in it")
        number = min(untitled, key=int)
    field = content[f"/{number}/data"]
    # The file has row after row; the reader takes xres for the number of rows.
    values = np.asarray(field["data"], np.float64).reshape(int(field["yres"]), int(field["xres"]))
    lateral = str(field.get("si_unit_xy", {}).get("unitstr", ""))
    size = float(field["xreal"]) / int(field["xres"]) * 1e9 if lateral == "m" else None
    unit = str(field.get("si_unit_z", {}).get("unitstr", ""))
    return (
        HeightMap(values * 1e9, size, "nm", channel)
        if unit == "m"
        else HeightMap(values, size, unit, channel)
    )


def _spm(path: Path) -> HeightMap:
    if re.search(rb"^\\?\*File list end\s*$", path.read_bytes(), re.MULTILINE) is None:
        raise EOFError  # the reader would look for it for ever
    import pySPM
    from AFMReader.spm import load_spm

    layers = pySPM.Bruker(str(path)).layers
    names = [layer[b"@2:Image Data"][0].decode("latin1").split('"')[1] for layer in layers]
    channel = _choose(names)
    heights, size = load_spm(path, channel)
    return HeightMap(np.asarray(heights, np.float64), float(size), "nm", channel)


def _ibw(path: Path) -> HeightMap:
    from AFMReader.ibw import load_ibw
    from igor2 import binarywave

    labels = binarywave.load(path)["wave"]["labels"]
    names = [label.decode() for group in labels for label in group if label]
    channel = _choose(names)
    heights, size = load_ibw(path, channel)
    return HeightMap(np.asarray(heights, np.float64), float(size), "nm", channel)


def _jpk(path: Path) -> HeightMap:
    """By tifffile and AFMReader's table of tags.

    AFMReader's own function leaves the file open, and asks for tags by names that tifffile knows
    otherwise.
    """
    import tifffile
    from AFMReader.jpk import _load_jpk_tags

    tags = _load_jpk_tags()
    with tifffile.TiffFile(path) as tiff:
        pages = {}
        for page in list(tiff.pages)[1:]:
            if isinstance(page, tifffile.TiffPage):
                way = "trace" if page.tags[tags["trace_retrace"]].value == 0 else "retrace"
                pages[f"{page.tags[tags['channel_name']].value}_{way}"] = page
        channel = _choose(list(pages))
        page, first = pages[channel], tiff.pages.first
        scaling, offset = _jpk_scaling(page, tags)
        values = np.flipud(np.asarray(page.asarray(), np.float64) * scaling + offset)
        width = first.tags[tags["grid_ulength"]].value / first.tags[tags["grid_ilength"]].value
    if channel.rpartition("_")[0] in ("height", "measuredHeight"):
        return HeightMap(values * 1e9, float(width) * 1e9, "nm", channel)
    return HeightMap(values, float(width) * 1e9, "", channel)


def _jpk_scaling(page: Any, tags: dict[str, int]) -> tuple[float, float]:
    """Factor and offset from stored numbers to the values of the slot that the instrument shows."""
    default = page.tags[tags["default_slot"]].value
    for slot in range(int(page.tags[tags["n_slots"]].value)):
        step = slot * tags["slot_size"]
        if page.tags.valueof(tags["first_slot_tag"] + step) != default:
            continue
        if page.tags[tags["first_scaling_type"] + step].value == "NullScaling":
            return 1.0, 0.0
        factor = page.tags[tags["first_scaling_name"] + step].value
        return float(factor), float(page.tags[tags["first_offset_name"] + step].value)
    return 1.0, 0.0


def _asd(path: Path) -> HeightMap:
    from AFMReader.asd import load_asd

    frames, size, _ = load_asd(path, "TP")
    stack = np.asarray(frames, np.float64)
    return HeightMap(stack[0], float(size), "nm", "TP", len(stack))


_READERS: dict[str, Callable[[Path], HeightMap]] = {
    "Gwyddion": _gwy,
    "Bruker SPM": _spm,
    "Igor": _ibw,
    "JPK": _jpk,
    "ASD": _asd,
}
