"""What every format of sidecar files keeps to: its own texts are read, others and damaged ones do no harm.

The texts are written here after the descriptions that `docs/input.md` names.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

from defect_workbench.core.images.instrument import METADATA_FIELDS, InstrumentMetadata
from defect_workbench.engine.input.decode import decode
from defect_workbench.engine.input.sidecar_files import SidecarFiles
from defect_workbench.engine.input.sidecars.registry import SIDECAR_FORMATS, parse_side_text
from tests.builders import picture

SIZE_NM, VOLTAGE_KV, DISTANCE_MM, X_UM, Y_UM = 5.0, 2.5, 4.5, -1250.5, 480.25
FACTS = InstrumentMetadata(
    "", SIZE_NM, 20_000.0, VOLTAGE_KV, "InBeam", DISTANCE_MM, "29.11.2026 10:20:30", "", None, X_UM, Y_UM
)
PIXELS = np.random.default_rng(0).integers(0, 256, (140, 128), dtype=np.uint8)


def jeol() -> str:
    return (
        f"$CM_FORMAT JEOL/EM\r\n$CM_INSTRUMENT JSM\r\n$CM_ACCEL_VOLT {VOLTAGE_KV}\r\n"
        f"$CM_MAG 20000\r\n$CM_SIGNAL InBeam\r\n$$SM_MICRON_BAR 200\r\n"
        f"$$SM_MICRON_MARKER {SIZE_NM / 5:g}um\r\n$$SM_WD {DISTANCE_MM}\r\n"
        f"$CM_DATE 29.11.2026\r\n$CM_TIME 10:20:30\r\n"
        f"$CM_STAGE_POS {X_UM / 1e3:.6f} {Y_UM / 1e3:.6f} 10.2 11.0 0.0 0\r\n"
    )


def hitachi() -> str:
    return (
        f"[SemImageFile]\r\nInstructName=SU\r\nPixelSize={SIZE_NM}\r\n"
        f"AcceleratingVoltage={VOLTAGE_KV * 1e3:.0f} Volt\r\nMagnification=20000\r\n"
        f"SignalName=InBeam\r\nWorkingDistance={DISTANCE_MM * 1e3:.0f} um\r\n"
        f"Date=29.11.2026\r\nTime=10:20:30\r\n"
        f"StagePositionX={X_UM * 1e3:.0f}\r\nStagePositionY={Y_UM * 1e3:.0f}\r\n"
    )


def tescan() -> str:
    return (
        f"[MAIN]\r\nAccFrames=1\r\nCompany=\r\nDate=29.11.2026\r\nDevice=TESCAN\r\n"
        f"DeviceModel=\r\nImageStripSize=20\r\nMagnification=20000.0\r\n"
        f"PixelSizeX={SIZE_NM * 1e-9:.9e}\r\nTime=10:20:30\r\n"
        f"[SEM]\r\nDetector=InBeam\r\nHV={VOLTAGE_KV * 1e3:.1f}\r\n"
        f"StageX={X_UM * 1e-6:.9f}\r\nStageY={Y_UM * 1e-6:.9f}\r\n"
        f"WD={DISTANCE_MM * 1e-3:.6f}\r\n"
    )


# What writes a text of each format, and the metadata that the text contains.
WRITERS = {"jeol": (jeol, FACTS), "hitachi": (hitachi, FACTS), "tescan": (tescan, FACTS)}


def text_of(name: str) -> str:
    write, _ = WRITERS[name]
    return write()


def facts_of(name: str) -> InstrumentMetadata:
    _, facts = WRITERS[name]
    return facts


def values(facts: InstrumentMetadata | None) -> dict[str, float | str]:
    """Return the values but for the maker, without the last digits of arithmetic."""
    assert facts is not None
    found = {field.name: field.value(facts) for field in METADATA_FIELDS if field.name != "maker"}
    return {n: round(v, 6) if isinstance(v, float) else v for n, v in found.items() if v not in (None, "")}


def test_every_format_is_tested() -> None:
    assert set(WRITERS) == set(SIDECAR_FORMATS.names)


@pytest.mark.parametrize("name", SIDECAR_FORMATS.names)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_text_of_the_format_is_read(name: str, encoding: str) -> None:
    entry = SIDECAR_FORMATS[name]
    found = parse_side_text(text_of(name).encode(encoding), entry.extension)
    assert values(found) == values(facts_of(name))
    assert found is not None
    assert found.maker


@pytest.mark.parametrize("name", SIDECAR_FORMATS.names)
def test_texts_of_other_formats_say_nothing(name: str) -> None:
    for other in WRITERS:
        if other != name:
            assert SIDECAR_FORMATS[name].read(text_of(other)) is None


@pytest.mark.parametrize("name", SIDECAR_FORMATS.names)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_damage_is_ignored(name: str, data: st.DataObject) -> None:
    content = bytearray(text_of(name).encode())
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(content) - 1))
        length = data.draw(st.integers(0, 12))
        content[place : place + length] = data.draw(st.binary(max_size=12)) or b"="
    found = parse_side_text(bytes(content), SIDECAR_FORMATS[name].extension)
    if found is not None:
        assert found.pixel_size_nm is None or 1e-3 <= found.pixel_size_nm <= 1e6
        assert InstrumentMetadata.from_json(found.as_json()) == found


@pytest.mark.parametrize("name", SIDECAR_FORMATS.names)
def test_a_file_belongs_to_the_image_of_its_name(name: str, tmp_path: Path) -> None:
    entry = SIDECAR_FORMATS[name]
    for index, written in enumerate(entry.names_for("a", "png")):
        folder = tmp_path / str(index)
        folder.mkdir()
        picture(1).save(folder / "a.png")
        stem, _, extension = written.rpartition(".")
        (folder / f"{stem}.{extension.upper()}").write_text(text_of(name))
        sides = SidecarFiles(tmp_path)
        assert values(sides.facts(f"{index}/a.png")) == values(facts_of(name))
        assert sides.facts(f"{index}/b.png") is None


def test_a_header_names_its_image_with_the_extension_first(tmp_path: Path) -> None:
    (tmp_path / "a-png.hdr").write_text(tescan())
    (tmp_path / "a.hdr").write_text(tescan().replace("e-09", "e-08"))
    sides = SidecarFiles(tmp_path)
    assert sides.pixel_size("a.png") == pytest.approx(5.0)
    assert sides.pixel_size("a.tif") == pytest.approx(50.0)


@pytest.mark.parametrize("before", [b"", b"\x01\x02\x00\x10\xff\xd8 JPEG \x00\x02"])
def test_the_lines_of_a_header_are_read_from_a_tag_of_a_tiff_file(before: bytes) -> None:
    lines = tescan().replace("[MAIN]\r\n", "").replace("[SEM]\r\n", "\x00\x03\x40\x00")
    stream = io.BytesIO()
    content = before + lines.encode("latin-1") + b"\x00\x04"
    tifffile.imwrite(stream, PIXELS, extratags=[(50431, 7, len(content), content, True)])
    facts = decode(stream.getvalue()).tool
    assert values(facts) == values(FACTS)
    assert (facts.maker, facts.bar_rows) == ("TESCAN", 20)
