"""Tescan: sections `[MAIN]` and `[SEM]` in a header file, or the same lines in a tag of a TIFF file.

All values are in SI units.
"""

from __future__ import annotations

import re

from defect_workbench.core.images.instrument import InstrumentMetadata
from defect_workbench.engine.input.metadata_values import believable, number, pairs, plain_text, positive
from defect_workbench.engine.input.sidecars.sidecar_format import SidecarFormat

# In a tag, lines follow binary data without a break.
_FIRST_KEYS = re.compile(r"\[MAIN\]|(?:AccFrames|AccType|Company|Date|Device|PixelSizeX)=")


def read(text: str) -> InstrumentMetadata | None:
    """Return the metadata in a text; None for other text."""
    begin = _FIRST_KEYS.search(text)
    if begin is None or "PixelSizeX=" not in text:
        return None
    values = pairs(re.sub(r"[^\x20-\x7e\r\n]+", "\n", text[begin.start() :]), "=")

    def value(name: str, scale: float = 1.0) -> float | None:
        return number(values.get(name, ""), scale)

    voltage = value("hv", 1e-3)
    voltage = value("acceleratorvoltage", 1e-3) if voltage is None else voltage
    when = " ".join(filter(None, (values.get("date", ""), values.get("time", ""))))
    rows = value("imagestripsize")
    facts = InstrumentMetadata(
        pixel_size_nm=believable(value("pixelsizex", 1e9)),
        magnification=positive(value("magnification")),
        voltage_kv=None if voltage is None else abs(voltage),
        detector=plain_text(values.get("detector", values.get("detector0", ""))),
        working_distance_mm=positive(value("wd", 1e3)),
        acquired=plain_text(when),
        bar_rows=int(rows) if rows is not None and 0 < rows < 10_000 else None,
        stage_x_um=value("stagex", 1e6),
        stage_y_um=value("stagey", 1e6),
    )
    if not facts:
        return None
    model = plain_text(values.get("devicemodel", values.get("device", "")))
    maker = model if "tescan" in model.casefold() else f"Tescan {model}".strip()
    return InstrumentMetadata(maker=maker).filled_from(facts)


ENTRY = SidecarFormat("tescan", "Tescan", ".hdr", read, names_extension=True)
