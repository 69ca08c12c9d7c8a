"""JEOL: lines such as `$CM_MAG 10000` in a text file of the same stem."""

from __future__ import annotations

import re

from defect_workbench.core.images.instrument import InstrumentMetadata
from defect_workbench.engine.input.metadata_values import length_nm, number, pairs, plain_text, positive
from defect_workbench.engine.input.sidecars.sidecar_format import SidecarFormat

_MILLIMETRE_UM = 1e3


def read(text: str) -> InstrumentMetadata | None:
    """Return the metadata in a text; None for other text."""
    if not re.search(r"^\$\$?(CM|SM)_", text, re.MULTILINE):
        return None
    values = {key.lstrip("$"): value for key, value in reversed(pairs(text, " ").items())}
    marker = values.get("sm_micron_marker", "")
    length, pixels = number(marker), number(values.get("sm_micron_bar", ""))
    unit = re.sub(r"^[\d.\s]+", "", marker) or "um"
    when = " ".join(filter(None, (values.get("cm_date", ""), values.get("cm_time", ""))))
    # Later instruments write the longer name.
    stage = values.get("cm_stage_position", values.get("cm_stage_pos", "")).replace(",", " ").split()
    x, y = (number(each, _MILLIMETRE_UM) for each in (*stage, "", "")[:2])
    facts = InstrumentMetadata(
        pixel_size_nm=length_nm(length / pixels, unit) if length and pixels else None,
        magnification=positive(number(values.get("cm_mag", ""))),
        voltage_kv=positive(number(values.get("cm_accel_volt", values.get("cm_accel_voltage", "")))),
        detector=plain_text(values.get("cm_signal_name", values.get("cm_signal", ""))),
        working_distance_mm=positive(number(values.get("sm_wd", ""))),
        acquired=plain_text(when),
        stage_x_um=x,
        stage_y_um=y,
    )
    maker = plain_text(values.get("cm_instrument", "")) or "JEOL"
    return InstrumentMetadata(maker=maker).filled_from(facts)


ENTRY = SidecarFormat("jeol", "JEOL", ".txt", read)
