"""Instrument metadata from TIFF tags, read by tifffile."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import tifffile

from defect_workbench.core.images.instrument import InstrumentMetadata
from defect_workbench.engine.input.metadata_values import (
    SIDE_LIMIT,
    believable,
    length_nm,
    length_um,
    measured,
    number,
    plain_text,
    positive,
)
from defect_workbench.engine.input.sidecars import tescan

_COARSEST_NM = 5000
_TESCAN_TAG = 50431
_TO_MM = {"mm": 1.0, "um": 1e-3, "µm": 1e-3, "m": 1e3, "cm": 10.0}


def tiff_facts(tiff: tifffile.TiffFile) -> InstrumentMetadata:
    """Return the instrument metadata in the tags of a TIFF; damaged tags are ignored.

    The microscope's tags take precedence over the scale of ImageJ or OME, which takes precedence over the
    plain resolution.
    """
    metadata = InstrumentMetadata()
    readers: tuple[Callable[[tifffile.TiffFile], InstrumentMetadata], ...] = (
        _fei,
        _zeiss,
        _tescan,
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


def _fei(tiff: tifffile.TiffFile) -> InstrumentMetadata:
    sections: Mapping[str, Any] = tiff.fei_metadata or {}
    if not sections:
        return InstrumentMetadata()

    def get(section: str, key: str) -> Any:
        part = sections.get(section)
        return part.get(key) if isinstance(part, Mapping) else None

    def stage(key: str) -> float | None:
        value = number(get(beam, key), 1e6)
        return number(get("Stage", key), 1e6) if value is None else value

    beam = plain_text(get("Beam", "Beam")) or "EBeam"
    scan = plain_text(get("Beam", "Scan")) or "EScan"
    width = number(get("Scan", "PixelWidth")) or number(get(scan, "PixelWidth"))
    rows = number(get("Image", "ResolutionY"))
    height = tiff.pages.first.imagelength
    bar = height - int(rows) if rows and 0 < height - rows < height / 2 else None
    voltage = number(get("Beam", "HV")) or number(get(beam, "HV"))
    distance = number(get(beam, "WD")) or number(get("Stage", "WorkingDistance"))
    when = " ".join(filter(None, (plain_text(get("User", "Date")), plain_text(get("User", "Time")))))
    field = number(get(scan, "HorFieldsize")) or number(get(beam, "HFW"))
    canvas = number(get("Image", "MagCanvasRealWidth"))
    return InstrumentMetadata(
        maker=plain_text(get("System", "SystemType")) or "FEI",
        pixel_size_nm=believable(None if width is None else width * 1e9),
        magnification=positive(canvas / field if canvas and field else None),
        voltage_kv=None if voltage is None else abs(voltage) / 1e3,
        detector=plain_text(get("Detectors", "Name")),
        working_distance_mm=None if distance is None else distance * 1e3,
        acquired=when,
        bar_rows=bar if rows else None,
        stage_x_um=stage("StageX"),
        stage_y_um=stage("StageY"),
    )


def _zeiss(tiff: tifffile.TiffFile) -> InstrumentMetadata:
    values: Mapping[str, Any] = tiff.sem_metadata or {}

    def get(*names: str) -> tuple[Any, str]:
        for name in names:
            entry = values.get(name)
            if isinstance(entry, tuple) and len(entry) > 1:
                return entry[1], str(entry[2]) if len(entry) > 2 else ""
        return None, ""

    def text(*names: str) -> str:
        value, unit = get(*names)
        return f"{value} {unit}"

    value, unit = get("ap_image_pixel_size", "ap_pixel_size")
    size = length_nm(value, unit or re.sub(r"^[\d.\s]+", "", str(value))) if value is not None else None
    magnification, factor = get("ap_mag")
    thousands = 1e3 if re.search(r"\bk\b", f"{magnification} {factor}", re.IGNORECASE) else 1.0
    facts = InstrumentMetadata(
        pixel_size_nm=size,
        magnification=positive(number(magnification, thousands)),
        voltage_kv=measured(text("ap_actualkv", "ap_manualkv"), {"kV": 1.0, "V": 1e-3}),
        detector=plain_text(get("dp_detector_type", "dp_detector_channel")[0]),
        working_distance_mm=measured(
            text("ap_wd"), {"mm": 1.0, "um": 1e-3, "µm": 1e-3, "m": 1e3, "cm": 10.0}
        ),
        acquired=" ".join(filter(None, (plain_text(get("ap_date")[0]), plain_text(get("ap_time")[0])))),
        stage_x_um=length_um(text("ap_stage_at_x")),
        stage_y_um=length_um(text("ap_stage_at_y")),
    )
    return InstrumentMetadata(maker="Zeiss").filled_from(facts) if facts else facts


def _tescan(tiff: tifffile.TiffFile) -> InstrumentMetadata:
    """Return the metadata in a tag that holds the lines of a header file, after binary data."""
    value = tiff.pages.first.tags.valueof(_TESCAN_TAG)
    if value is None:
        return InstrumentMetadata()
    data = value.encode("latin-1", "replace") if isinstance(value, str) else bytes(value)
    return tescan.read(data[:SIDE_LIMIT].decode("latin-1")) or InstrumentMetadata()


def _ome(tiff: tifffile.TiffFile) -> InstrumentMetadata:
    if not tiff.is_ome or not tiff.ome_metadata:
        return InstrumentMetadata()
    tree = tifffile.xml2dict(tiff.ome_metadata)
    image = tree["OME"]["Image"]
    image = image[0] if isinstance(image, list) else image
    pixels = image["Pixels"]
    size = length_nm(pixels.get("PhysicalSizeX"), str(pixels.get("PhysicalSizeXUnit", "µm")))
    return (
        InstrumentMetadata("OME", size, acquired=plain_text(image.get("AcquisitionDate")))
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
    return positive(top / bottom) if bottom else None
