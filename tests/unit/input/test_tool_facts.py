import io
import re
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

from defect_workbench.core.images.instrument import InstrumentMetadata, scales
from defect_workbench.core.progress import SilentReporter
from defect_workbench.engine.backbone.pretrained import WeightsLibrary
from defect_workbench.engine.extraction.extractor import extract
from defect_workbench.engine.input.decode import decode
from defect_workbench.engine.input.scan import scan
from defect_workbench.engine.input.sidecars.registry import parse_side_text
from defect_workbench.storage.vectors.feature_store import FeatureStore
from tests.builders import picture

PIXELS = np.random.default_rng(0).integers(0, 256, (140, 128), dtype=np.uint8)
FEI = """[User]\r\nDate=01/02/2024\r\nTime=10:11:12\r\n[System]\r\nSystemType=Helios 5\r\n[Beam]\r\nHV=5000
Scan=EScan\r\nBeam=EBeam\r\n[EBeam]\r\nWD=0.0041\r\nHFW=6.4e-07\r\n[EScan]\r\nPixelWidth=5e-09
[Detectors]\r\nName=TLD\r\n[Image]\r\nResolutionX=128\r\nResolutionY=120\r\nMagCanvasRealWidth=0.0064\r\n[Stage]\r\nStageX=-0.0123\r\nStageY=0.00045\r\n"""
ZEISS = """\r\n0\r\n1\r\nAP_MAG\r\nMag =  20.00 K X\r\nAP_IMAGE_PIXEL_SIZE\r\nImage Pixel Size = 5.582 nm
AP_ACTUALKV\r\nEHT =  2.00 kV\r\nDP_DETECTOR_CHANNEL\r\nDetector = InLens\r\nAP_WD\r\nWD =  3.2 mm
AP_STAGE_AT_X\r\nStage at X =  62.125 mm\r\nAP_STAGE_AT_Y\r\nStage at Y =  900.5 um
AP_DATE\r\nDate :12 Nov 2023\r\nAP_TIME\r\nTime :10:00:01\r\n"""
JEOL = """$CM_FORMAT JEOL/EM\r\n$CM_INSTRUMENT JSM-7800F\r\n$CM_ACCEL_VOLT 15.00\r\n$CM_MAG 10000
$CM_SIGNAL_NAME SEI\r\n$CM_DATE 2023/05/06\r\n$CM_TIME 07:08:09\r\n$SM_MICRON_BAR 120
$SM_MICRON_MARKER 1um\r\n$SM_WD 10.1\r\n"""
HITACHI = """[SemImageFile]\r\nInstructName=SU8010\r\nDate=05/06/2023\r\nTime=07:08:09\r\nDataSize=1280x960
PixelSize=9.92\r\nSignalName=SE(UL)\r\nAcceleratingVoltage=3000 Volt\r\nMagnification=10000
WorkingDistance=8100 um\r\n"""


def rounded(facts: InstrumentMetadata) -> InstrumentMetadata:
    """Without the last digits of floating-point arithmetic."""
    values = {k: round(v, 6) if isinstance(v, float) else v for k, v in facts.as_json().items()}
    return InstrumentMetadata.from_json(values)


def tagged(**options: object) -> InstrumentMetadata:
    stream = io.BytesIO()
    tifffile.imwrite(stream, PIXELS, **options)  # type: ignore[arg-type]
    return decode(stream.getvalue()).tool


@pytest.mark.parametrize("tag", [34680, 34682])
def test_tags_of_fei_are_read(tag: int) -> None:
    facts = tagged(extratags=[(tag, "s", 0, FEI, True)])
    assert rounded(facts) == InstrumentMetadata(
        maker="Helios 5",
        pixel_size_nm=5.0,
        magnification=10_000,
        voltage_kv=5.0,
        detector="TLD",
        working_distance_mm=4.1,
        acquired="01/02/2024 10:11:12",
        bar_rows=20,
        stage_x_um=-12_300.0,
        stage_y_um=450.0,
    )


def test_the_stage_is_also_read_from_the_section_of_the_beam_of_fei() -> None:
    text = FEI.replace("[EBeam]\r\n", "[EBeam]\r\nStageX=0.002\r\nStageY=-0.003\r\n")
    facts = rounded(tagged(extratags=[(34682, "s", 0, text, True)]))
    assert (facts.stage_x_um, facts.stage_y_um) == (2000.0, -3000.0)


def test_tags_of_zeiss_are_read() -> None:
    facts = tagged(extratags=[(34118, "s", 0, ZEISS, True)])
    assert rounded(facts) == InstrumentMetadata(
        maker="Zeiss",
        pixel_size_nm=5.582,
        magnification=20_000,
        voltage_kv=2.0,
        detector="InLens",
        working_distance_mm=3.2,
        acquired="12 Nov 2023 10:00:01",
        stage_x_um=62_125.0,
        stage_y_um=900.5,
    )


@pytest.mark.parametrize(
    ("unit", "nanometres"), [("nm", 4.0), ("um", 4000.0), ("micron", 4000.0), ("px", None)]
)
def test_scale_of_imagej_is_read(unit: str, nanometres: float | None) -> None:
    facts = tagged(imagej=True, resolution=(0.25, 0.25), metadata={"unit": unit})
    assert facts.pixel_size_nm == (None if nanometres is None else pytest.approx(nanometres))


def test_scale_of_ome_is_read() -> None:
    metadata = {"axes": "YX", "PhysicalSizeX": 12.5, "PhysicalSizeXUnit": "nm"}
    facts = tagged(ome=True, metadata=metadata)
    assert (facts.maker, facts.pixel_size_nm) == ("OME", 12.5)


@pytest.mark.parametrize(
    ("resolution", "unit", "nanometres"),
    [((1e6, 1e6), "CENTIMETER", 10.0), ((72, 72), "INCH", None), ((300, 300), "INCH", None)],
)
def test_plain_resolution_counts_only_where_it_can_be_a_microscopes(
    resolution: tuple[float, float], unit: str, nanometres: float | None
) -> None:
    facts = tagged(resolution=resolution, resolutionunit=unit)
    assert facts.pixel_size_nm == (None if nanometres is None else pytest.approx(nanometres))


def test_own_tags_go_before_the_plain_resolution() -> None:
    facts = tagged(
        extratags=[(34118, "s", 0, ZEISS, True)], resolution=(1e6, 1e6), resolutionunit="CENTIMETER"
    )
    assert facts.pixel_size_nm == pytest.approx(5.582)


@given(text=st.text(max_size=200), tag=st.sampled_from([34118, 34680, 34682]))
@settings(max_examples=60)
def test_damaged_tags_reject_no_picture(text: str, tag: int) -> None:
    noise = (
        "AP_WD\r\nWD = x mm\r\nAP_MAG\r\nMag = K X\r\n[Beam]\r\nHV=\r\n[Image]\r\nResolutionY=-9\r\n" + text
    )
    facts = tagged(extratags=[(tag, "s", 0, noise.encode("ascii", "replace").decode(), True)])
    assert facts.pixel_size_nm is None


def test_side_text_of_jeol_and_hitachi_is_read() -> None:
    jeol, hitachi = parse_side_text(JEOL.encode()), parse_side_text(HITACHI.encode("utf-16"))
    assert jeol is not None
    assert hitachi is not None
    assert (jeol.maker, jeol.magnification, jeol.voltage_kv) == ("JSM-7800F", 10_000, 15.0)
    assert jeol.pixel_size_nm == pytest.approx(1000 / 120)
    assert (jeol.detector, jeol.working_distance_mm) == ("SEI", 10.1)
    assert jeol.acquired == "2023/05/06 07:08:09"
    assert (hitachi.maker, hitachi.voltage_kv, hitachi.detector) == ("Hitachi SU8010", 3.0, "SE(UL)")
    assert hitachi.working_distance_mm == pytest.approx(8.1)
    assert hitachi.pixel_size_nm == pytest.approx(9.92)


@given(st.binary(max_size=300))
def test_other_texts_say_nothing(data: bytes) -> None:
    found = parse_side_text(data)
    assert found is None or re.search(rb"\$(CM|SM)_", data) or b"SemImageFile" in data.replace(b"\0", b"")


def test_side_files_belong_to_their_path_and_tags_fill_the_gaps(tmp_path: Path) -> None:
    lot = tmp_path / "lot"
    lot.mkdir()
    tifffile.imwrite(lot / "a.tif", PIXELS, extratags=[(34118, "s", 0, ZEISS, True)])
    (lot / "a.txt").write_text("[SemImageFile]\nPixelSize=20\n")
    (lot / "copy.tif").write_bytes((lot / "a.tif").read_bytes())
    picture(1).save(lot / "plain.png")
    (lot / "plain.txt").write_text("notes of a person")

    def facts() -> dict[str, InstrumentMetadata | None]:
        quiet = SilentReporter()
        store, library = FeatureStore(tmp_path / "s"), WeightsLibrary(tmp_path / "none")
        found = extract(scan(lot, quiet), store, library, quiet, offline=True)
        return {image.path: image.tool for image in found.images.images}

    found = facts()
    assert found["plain.png"] is None
    one, other = found["a.tif"], found["copy.tif"]
    assert one is not None
    assert other is not None
    assert (one.pixel_size_nm, one.voltage_kv, one.maker) == (20.0, 2.0, "Hitachi")
    assert (rounded(other).pixel_size_nm, other.maker) == (5.582, "Zeiss")
    (lot / "a.txt").unlink()
    after = facts()["a.tif"]
    assert after is not None
    assert after.pixel_size_nm == pytest.approx(5.582)


def test_facts_survive_json() -> None:
    facts = InstrumentMetadata("Zeiss", 5.5, None, 2.0, "SE", None, "today", "", 12)
    assert InstrumentMetadata.from_json(facts.as_json()) == facts
    assert not InstrumentMetadata()


def test_scales_are_counted() -> None:
    some = [InstrumentMetadata(pixel_size_nm=size) for size in (5.0, 5.001, 10.0)]
    found = scales([*some, None])
    assert found.counts == ((5.0, 2), (10.0, 1))
    assert (found.mixed, found.unknown, found.kind) == (True, 1, "pixel size")
    assert len(found.lines()) == 3
    assert "5 nm/pixel" in found.lines()[0]
    by_magnification = scales([InstrumentMetadata(magnification=1e4), InstrumentMetadata(magnification=1e4)])
    assert by_magnification.counts == ((1e4, 2),)
    assert not by_magnification.mixed
    assert not scales([]).lines()
