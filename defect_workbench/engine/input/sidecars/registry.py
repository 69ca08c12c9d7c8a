"""All formats of sidecar files. A new one is a module that defines `ENTRY`, and its name in this list."""

from __future__ import annotations

from defect_workbench.core.images.instrument import InstrumentMetadata
from defect_workbench.core.registry import Registry
from defect_workbench.engine.input.sidecars.sidecar_format import SidecarFormat

SIDECAR_FORMATS: Registry[SidecarFormat] = Registry.of_modules(
    "format of sidecar files", "defect_workbench.engine.input.sidecars", "jeol", "hitachi", "tescan"
)


def parse_side_text(data: bytes, extension: str = ".txt") -> InstrumentMetadata | None:
    """Return the metadata in a sidecar file with this extension; None for other text."""
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    text = data.decode(encoding, "replace")
    found = (entry.read(text) for entry in SIDECAR_FORMATS if entry.extension == extension)
    return next((each for each in found if each), None)
