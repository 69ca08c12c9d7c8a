"""Instrument metadata from TIFF tags, read by tifffile, and from sidecar files.

Pixel sizes outside 0.001 nm to 1 mm are ignored.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import tifffile

from defect_workbench.core.images.instrument import InstrumentMetadata

SIDE_LIMIT = 256 * 1024

_SMALLEST, _LARGEST = 1e-3, 1e6
_COARSEST_NM = 5000
_TO_NM = {"pm": 1e-3, "nm": 1.0, "um": 1e3, "µm": 1e3, "μm": 1e3, "\\u00b5m": 1e3, "micron": 1e3, "mm": 1e6}
_TO_NM |= {"microns": 1e3, "cm": 1e7, "m": 1e9, "inch": 2.54e7, "å": 0.1, "a": 0.1}
_TO_NM |= {"nanometer": 1.0, "micrometer": 1e3, "millimeter": 1e6, "centimeter": 1e7}
_NUMBER = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?")


def tiff_facts(tiff: tifffile.TiffFile) -> InstrumentMetadata:
    """Return the instrument metadata in the tags of a TIFF; damaged tags are ignored.

    The microscope's tags take precedence over the scale of ImageJ or OME, which takes precedence over the
    plain resolution.
    """
    metadata = InstrumentMetadata()
    readers: tuple[Callable[[tifffile.TiffFile], InstrumentMetadata], ...] = (
        _fei,
        _zeiss,
        _ome,
        _imagej,
        _resolution,
    )
    for read in readers:
        try:
            part = read(tiff)
        except Exception:  # noqa: S112 # any tag may be broken in any way
            continue
        if part:
            metadata = metadata.filled_from(part) if metadata.maker else part
    return metadata


def parse_side_text(data: bytes) -> InstrumentMetadata | None:
    """Return the metadata in JEOL's `$CM_...` lines or Hitachi's `[SemImageFile]`; None for other text."""
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    text = data.decode(encoding, "replace")
    if re.search(r"^\$(CM|SM)_", text, re.MULTILINE):
        return _jeol(text) or None
    if "[SemImageFile]" in text:
        return _hitachi(text) or None
    return None


def number(value: object, scale: float = 1.0) -> float | None:
    """Return the first number in a value, times `scale`; None if there is none or it is not finite."""
    match = _NUMBER.search(str(value).replace(",", ""))
    if match is None:
        return None
    result = float(match.group()) * scale
    return result if math.isfinite(result) else None


def length_nm(value: object, unit: str) -> float | None:
    """Return a pixel size in nm; None if it is implausible or its unit is unknown."""
    size = number(value, _TO_NM.get(unit.strip().lower(), math.nan))
    return believable(size)


def believable(pixel_size_nm: float | None) -> float | None:
    """Return the pixel size if it is plausible, else None."""
    if pixel_size_nm is None or not _SMALLEST <= pixel_size_nm <= _LARGEST:
        return None
    return pixel_size_nm


def _positive(value: float | None) -> float | None:
    return value if value is not None and value > 0 and math.isfinite(value) else None


def _text(value: object) -> str:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return "" if value is None else "".join(c for c in str(value) if c.isprintable()).strip()[:200]


def _fei(tiff: tifffile.TiffFile) -> InstrumentMetadata:
    sections: Mapping[str, Any] = tiff.fei_metadata or {}
    if not sections:
        return InstrumentMetadata()

    def get(section: str, key: str) -> Any:
        part = sections.get(section)
        return part.get(key) if isinstance(part, Mapping) else None

    beam = _text(get("Beam", "Beam")) or "EBeam"
    scan = _text(get("Beam", "Scan")) or "EScan"
    width = number(get("Scan", "PixelWidth")) or number(get(scan, "PixelWidth"))
    rows = number(get("Image", "ResolutionY"))
    height = tiff.pages.first.imagelength
    bar = height - int(rows) if rows and 0 < height - rows < height / 2 else None
    voltage = number(get("Beam", "HV")) or number(get(beam, "HV"))
    distance = number(get(beam, "WD")) or number(get("Stage", "WorkingDistance"))
    when = " ".join(filter(None, (_text(get("User", "Date")), _text(get("User", "Time")))))
    field = number(get(scan, "HorFieldsize")) or number(get(beam, "HFW"))
    canvas = number(get("Image", "MagCanvasRealWidth"))
    return InstrumentMetadata(
        maker=_text(get("System", "SystemType")) or "FEI",
        pixel_size_nm=believable(None if width is None else width * 1e9),
        magnification=_positive(canvas / field if canvas and field else None),
        voltage_kv=None if voltage is None else abs(voltage) / 1e3,
        detector=_text(get("Detectors", "Name")),
        working_distance_mm=None if distance is None else distance * 1e3,
        acquired=when,
        bar_rows=bar if rows else None,
    )


def _zeiss(tiff: tifffile.TiffFile) -> InstrumentMetadata:
    values: Mapping[str, Any] = tiff.sem_metadata or {}

    def get(*names: str) -> tuple[Any, str]:
        for name in names:
            entry = values.get(name)
            if isinstance(entry, tuple) and len(entry) > 1:
                return entry[1], str(entry[2]) if len(entry) > 2 else ""
        return None, ""

    def measured(names: tuple[str, ...], to: Mapping[str, float]) -> float | None:
        value, unit = get(*names)
        text = f"{value} {unit}"
        known = next((u for u in sorted(to, key=len, reverse=True) if re.search(rf"\d\s*{u}\b", text)), None)
        return number(value, to[known]) if known else None

    value, unit = get("ap_image_pixel_size", "ap_pixel_size")
    size = length_nm(value, unit or re.sub(r"^[\d.\s]+", "", str(value))) if value is not None else None
    magnification, factor = get("ap_mag")
    thousands = 1e3 if re.search(r"\bk\b", f"{magnification} {factor}", re.IGNORECASE) else 1.0
    facts = InstrumentMetadata(
        pixel_size_nm=size,
        magnification=_positive(number(magnification, thousands)),
        voltage_kv=measured(("ap_actualkv", "ap_manualkv"), {"kV": 1.0, "V": 1e-3}),
        detector=_text(get("dp_detector_type", "dp_detector_channel")[0]),
        working_distance_mm=measured(("ap_wd",), {"mm": 1.0, "um": 1e-3, "µm": 1e-3, "m": 1e3, "cm": 10.0}),
        acquired=" ".join(filter(None, (_text(get("ap_date")[0]), _text(get("ap_time")[0])))),
    )
    return InstrumentMetadata(maker="Zeiss").filled_from(facts) if facts else facts


def _ome(tiff: tifffile.TiffFile) -> InstrumentMetadata:
    if not tiff.is_ome or not tiff.ome_metadata:
        return InstrumentMetadata()
    tree = tifffile.xml2dict(tiff.ome_metadata)
    image = tree["OME"]["Image"]
    image = image[0] if isinstance(image, list) else image
    pixels = image["Pixels"]
    size = length_nm(pixels.get("PhysicalSizeX"), str(pixels.get("PhysicalSizeXUnit", "µm")))
    return (
        InstrumentMetadata("OME", size, acquired=_text(image.get("AcquisitionDate")))
        if size
        else InstrumentMetadata()
    )


def _imagej(tiff: tifffile.TiffFile) -> InstrumentMetadata:
    if not tiff.is_imagej:
        return InstrumentMetadata()
    unit = str((tiff.imagej_metadata or {}).get("unit", ""))
    per_unit = _per_unit(tiff)
    size = length_nm(1 / per_unit, unit) if per_unit else None
    return InstrumentMetadata("ImageJ", size) if size else InstrumentMetadata()


def _resolution(tiff: tifffile.TiffFile) -> InstrumentMetadata:
    """Return the pixel size from the plain resolution; 5 µm and more, as for printing, is ignored."""
    unit = tiff.pages.first.tags.valueof(296, default=2)
    per_unit = _per_unit(tiff)
    if tiff.is_imagej or not per_unit or int(unit) not in (2, 3):
        return InstrumentMetadata()
    size = believable((2.54e7 if int(unit) == 2 else 1e7) / per_unit)
    return (
        InstrumentMetadata("TIFF", size) if size is not None and size < _COARSEST_NM else InstrumentMetadata()
    )


def _per_unit(tiff: tifffile.TiffFile) -> float | None:
    """Return the pixels per unit of length."""
    value = tiff.pages.first.tags.valueof(282)
    if value is None:
        return None
    top, bottom = value if isinstance(value, tuple) else (value, 1)
    return _positive(top / bottom) if bottom else None


def _jeol(text: str) -> InstrumentMetadata:
    values: dict[str, str] = {}
    for line in text.splitlines():
        key, _, value = line.strip().lstrip("$").partition(" ")
        if value.strip():
            values.setdefault(key, value.strip())
    micrometres, pixels = number(values.get("SM_MICRON_MARKER", "")), number(values.get("SM_MICRON_BAR", ""))
    unit = re.sub(r"^[\d.\s]+", "", values.get("SM_MICRON_MARKER", "")) or "um"
    size = length_nm(micrometres / pixels, unit) if micrometres and pixels else None
    when = " ".join(filter(None, (values.get("CM_DATE", ""), values.get("CM_TIME", ""))))
    facts = InstrumentMetadata(
        pixel_size_nm=size,
        magnification=_positive(number(values.get("CM_MAG", ""))),
        voltage_kv=_positive(number(values.get("CM_ACCEL_VOLT", values.get("CM_ACCEL_VOLTAGE", "")))),
        detector=_text(values.get("CM_SIGNAL_NAME", values.get("CM_SIGNAL", ""))),
        working_distance_mm=_positive(number(values.get("SM_WD", ""))),
        acquired=_text(when),
    )
    return InstrumentMetadata(maker=_text(values.get("CM_INSTRUMENT", "")) or "JEOL").filled_from(facts)


def _hitachi(text: str) -> InstrumentMetadata:
    values: dict[str, str] = {}
    for line in text.splitlines():
        key, separator, value = line.partition("=")
        if separator and value.strip():
            values.setdefault(key.strip().lower(), value.strip())

    def volts(value: str) -> float | None:
        volt = number(value)
        if volt is None:
            return None
        return volt if re.search(r"kv", value, re.IGNORECASE) else volt / 1e3

    def millimetres(value: str) -> float | None:
        distance = number(value)
        if distance is None:
            return None
        return distance / 1e3 if re.search(r"um", value, re.IGNORECASE) else distance

    size = values.get("pixelsize", "")
    unit = re.sub(r"^[\d.\s]+", "", size) or "nm"
    when = " ".join(filter(None, (values.get("date", ""), values.get("time", ""))))
    facts = InstrumentMetadata(
        pixel_size_nm=length_nm(size, unit) if size else None,
        magnification=_positive(number(values.get("magnification", ""))),
        voltage_kv=volts(values.get("acceleratingvoltage", "")),
        detector=_text(values.get("signalname", values.get("detector", ""))),
        working_distance_mm=millimetres(values.get("workingdistance", "")),
        acquired=_text(when),
    )
    name = _text(values.get("instructname", values.get("instrumentname", "")))
    return InstrumentMetadata(maker=f"Hitachi {name}".strip()).filled_from(facts)
