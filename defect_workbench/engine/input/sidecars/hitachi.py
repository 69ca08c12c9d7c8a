"""Hitachi: a section `[SemImageFile]` in a text file of the same stem."""

from __future__ import annotations

import re

from defect_workbench.core.images.instrument import InstrumentMetadata
from defect_workbench.engine.input.metadata_values import length_nm, number, pairs, plain_text, positive
from defect_workbench.engine.input.sidecars.sidecar_format import SidecarFormat

_NANOMETRE_UM = 1e-3


def read(text: str) -> InstrumentMetadata | None:
    """Return the metadata in a text; None for other text."""
    if "[SemImageFile]" not in text:
        return None
    values = pairs(text, "=")
    size = values.get("pixelsize", "")
    unit = re.sub(r"^[\d.\s]+", "", size) or "nm"
    when = " ".join(filter(None, (values.get("date", ""), values.get("time", ""))))
    facts = InstrumentMetadata(
        pixel_size_nm=length_nm(size, unit) if size else None,
        magnification=positive(number(values.get("magnification", ""))),
        voltage_kv=_scaled(values.get("acceleratingvoltage", ""), "kv", 1.0, 1e-3),
        detector=plain_text(values.get("signalname", values.get("detector", ""))),
        working_distance_mm=_scaled(values.get("workingdistance", ""), "um", 1e-3, 1.0),
        acquired=plain_text(when),
        stage_x_um=number(values.get("stagepositionx", ""), _NANOMETRE_UM),
        stage_y_um=number(values.get("stagepositiony", ""), _NANOMETRE_UM),
    )
    name = plain_text(values.get("instructname", values.get("instrumentname", "")))
    return InstrumentMetadata(maker=f"Hitachi {name}".strip()).filled_from(facts)


def _scaled(value: str, unit: str, with_unit: float, without: float) -> float | None:
    """Return a number times a factor that depends on whether its unit is written."""
    return number(value, with_unit if re.search(unit, value, re.IGNORECASE) else without)


ENTRY = SidecarFormat("hitachi", "Hitachi", ".txt", read)
