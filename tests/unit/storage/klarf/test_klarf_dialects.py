"""Every dialect and every style of listing images is read: numbers, places, units, pages."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from defect_workbench.core.errors import InputError
from defect_workbench.sample.klarf_writer import ImageStyle, KlarfStyle, klarf_bytes
from defect_workbench.storage.klarf.klarf_file import is_klarf
from defect_workbench.storage.klarf.reading import read_klarf
from tests.unit.storage.klarf.lots import (
    CASES,
    DIES,
    FLAT_STYLES,
    TREE_STYLES,
    column,
    expected_pages,
    lot,
    pages,
    read,
    reasons,
    source,
)

STYLES = [
    KlarfStyle(line_end=b"\r\n", has_bom=True),
    KlarfStyle(line_end=b"\r"),
    KlarfStyle(is_upper=True),
    KlarfStyle(iso_times=True),
    KlarfStyle(wrap=7),
    KlarfStyle(images_last=False),
    KlarfStyle(images_last=False, wrap=5),
]


@pytest.mark.parametrize(("dialect", "style"), CASES)
def test_a_file_says_the_same_in_every_dialect_and_style(dialect: str, style: ImageStyle) -> None:
    klarf = read(source(dialect, style))
    chosen = lot(style=style)
    defects = [(w, d) for w, wafer in enumerate(chosen.wafers) for d in wafer.defects]

    assert klarf.version == dialect
    assert klarf.defect_id.tolist() == [defect.number for _, defect in defects]
    assert klarf.places.wafer_of.tolist() == [w for w, _ in defects]
    assert pages(klarf) == expected_pages(chosen, style)
    assert column(klarf, "CLASSNUMBER") == tuple(float(defect.class_number) for _, defect in defects)
    assert column(klarf, "XSIZE") == (1.5,) * len(defects)
    assert column(klarf, "DEFECTAREA") == pytest.approx((0.375,) * len(defects))
    assert column(klarf, "TOOLCODE") == tuple(defect.more["TOOLCODE"] for _, defect in defects)
    assert klarf.classes == chosen.classes
    assert klarf.class_columns == ("CLASSNUMBER", "ROUGHBINNUMBER", "FINEBINNUMBER")
    unnumbered = style is ImageStyle.COUNT_ONLY
    assert ("not numbered" in reasons(klarf)) == unnumbered
    assert len(klarf.problems) == unnumbered


@pytest.mark.parametrize("dialect", ["1.2", "1.8"])
def test_places_are_in_micrometres_from_the_centre_of_the_wafer(dialect: str) -> None:
    klarf = read(source(dialect, KlarfStyle(images=ImageStyle.NONE)))
    places = klarf.places
    wafer = places.wafers[0]
    assert places.in_die_x_um[:2].tolist() == pytest.approx([100.5, 101.5])
    assert places.die_x[:3].tolist() == [-1, 0, 1]
    # XINDEX * DiePitch + XREL - SampleCenterLocation
    assert places.x_um[:3].tolist() == pytest.approx([-1e4 + 100.5 - 5e3, 101.5 - 5e3, 1e4 + 102.5 - 5e3])
    assert places.y_um[3] == pytest.approx(8e3 + 200.25 - 4e3)
    assert (wafer.name, wafer.lot, wafer.slot, wafer.step) == ("W0", "LOT.1", "1", "ETCH")
    assert (wafer.recipe, wafer.tool, wafer.device) == ("RECIPE", "MADE UP TOOL", "DEVICE")
    assert (wafer.time, wafer.diameter_mm, wafer.die_pitch_um) == (
        "2026-11-29 10:20:30",
        300,
        (10_000, 8_000),
    )
    assert (wafer.centre_um, wafer.notch, wafer.flat) == ((5_000, 4_000), "down", False)
    assert wafer.dies == DIES
    assert wafer.area_um2 == pytest.approx(5e9)
    assert np.isfinite(places.x_um).all()
    assert places.known.all()


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("dialect", ["1.1", "1.8"])
def test_line_ends_marks_capitals_and_wrapped_records_change_nothing(dialect: str, style: KlarfStyle) -> None:
    images = TREE_STYLES if dialect == "1.8" else FLAT_STYLES
    for listed in images:
        chosen = replace(style, images=listed)
        plain = read(source(dialect, KlarfStyle(images=listed)))
        klarf = read(source(dialect, chosen))
        assert pages(klarf) == pages(plain)
        assert {c.name: c.cells for c in klarf.columns} == {c.name: c.cells for c in plain.columns}
        assert klarf.places.wafers == plain.places.wafers
        assert klarf.places.x_um.tolist() == plain.places.x_um.tolist()
        assert [p.reason for p in klarf.problems] == [p.reason for p in plain.problems]


def test_the_line_of_each_record_is_known() -> None:
    for dialect, style in CASES:
        data = source(dialect, style)
        klarf = read(data)
        lines = data.decode().split("\n")
        for number, line in zip(klarf.defect_id.tolist(), klarf.lines.tolist(), strict=True):
            assert lines[line - 1].split()[0] == str(number)


def test_an_image_list_may_have_any_name_in_hierarchical_files() -> None:
    klarf = read(source("1.8", KlarfStyle(images=ImageStyle.NAMED, image_column="Pics", images_last=False)))
    assert pages(klarf) == expected_pages(lot(), ImageStyle.NAMED)
    assert "Pics" not in [c.name for c in klarf.columns]


def test_a_flat_file_without_the_end_says_so_and_is_complete() -> None:
    for dialect in ("1.2", "1.8"):
        style = KlarfStyle(images=ImageStyle.NONE, has_end=False)
        klarf = read(source(dialect, style))
        assert len(klarf) == 10
        assert "without EndOfFile" in reasons(klarf)


def test_names_in_latin_1_and_utf_8_are_readable() -> None:
    data = source("1.2", ImageStyle.NONE).replace(b'"Pit"', '"Löcher"'.encode())
    assert read(data).classes[2] == "Löcher"
    assert read(data.decode().encode("latin-1")).classes[2] == "Löcher"


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("03-14-26 08:00:00", "2026-03-14 08:00:00"),
        ("03-14-1998 08:00", "1998-03-14 08:00:00"),
        ("2026-03-14 08:01:02", "2026-03-14 08:01:02"),
        ("2026-03-14T08:01:02.5", "2026-03-14 08:01:02"),
        ("2026/03/14 08:01:02", "2026-03-14 08:01:02"),
        ("14.03.2026 08:01:02", "2026-03-14 08:01:02"),
        ("03-14-2026 12:30:00 AM", "2026-03-14 00:30:00"),
        ("02-30-2026 08:00:00", ""),
        ("yesterday", ""),
    ],
)
def test_times_sort_as_texts(text: str, time: str) -> None:
    data = source("1.2", ImageStyle.NONE).replace(
        b"Timestamp 11-29-2026 10:20:30", b"Timestamp " + text.encode()
    )
    assert read(data).places.wafers[0].time == time


def test_a_second_test_of_other_dies_adds_its_area() -> None:
    more = b"InspectionTest 2;\nSampleTestPlan 1\n 5 5;\nAreaPerTest 1E9;\nDefectRecordSpec"
    wafer = read(source("1.2", ImageStyle.NONE).replace(b"DefectRecordSpec", more)).places.wafers[0]
    assert wafer.dies == (*DIES, (5, 5))
    assert wafer.area_um2 == pytest.approx(6e9)


def test_a_wafer_that_is_stated_again_is_the_same_unless_it_was_inspected_again() -> None:
    data = source("1.2", ImageStyle.NONE)
    assert [w.name for w in read(data.replace(b'WaferID "W1"', b'WaferID "W0"')).places.wafers] == ["W0"]
    later = b'ResultTimestamp 11-30-2026 10:20:30;\nWaferID "W0"'
    wafers = read(data.replace(b'WaferID "W1"', later)).places.wafers
    assert [(w.name, w.time[:10]) for w in wafers] == [("W0", "2026-11-29"), ("W0", "2026-11-30")]


def test_a_klarf_is_recognised_by_its_content(tmp_path: Path) -> None:
    for number, (dialect, style) in enumerate(CASES):
        path = tmp_path / f"lot.{number:03}"
        path.write_bytes(source(dialect, style))
        assert is_klarf(path)
        assert read_klarf(path).sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    late = tmp_path / "late.001"
    late.write_bytes(b'LotID "x";\n' + source("1.2", ImageStyle.NONE))
    assert is_klarf(late)
    for name, content in {
        "a.001": b"",
        "b.klarf": b"FileVersion",
        "c.txt": b"hello",
        "d.000": b"\xff" * 99,
    }.items():
        (tmp_path / name).write_bytes(content)
        assert not is_klarf(tmp_path / name)
        with pytest.raises(InputError, match=name):
            read_klarf(tmp_path / name)
    for path in (tmp_path, tmp_path / "missing.001", tmp_path / "a\0b"):
        assert not is_klarf(path)
        with pytest.raises(InputError, match="was not read"):
            read_klarf(path)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"FileVersion 2 0;\n", "version 2.0 is not supported"),
        (b'Record FileRecord "2.1" { }\nEndOfFile;', "version 2.1 is not supported"),
        (b"FileVersion one;\n", "states no KLARF version"),
        ("FileVersion 1 2;".encode("utf-16"), "UTF-16"),
        (b"%PDF-1.4", "not a KLARF file"),
    ],
)
def test_what_is_not_supported_is_reported_in_plain_words(data: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read(data)


def test_a_flat_file_of_a_later_version_is_read_as_micrometres_and_says_so() -> None:
    klarf = read(source("1.2", ImageStyle.NONE).replace(b"FileVersion 1 2", b"FileVersion 1 8"))
    assert klarf.places.x_um[0] == pytest.approx(-1e4 + 100.5 - 5e3)
    assert "read as micrometres" in reasons(klarf)


def test_a_flat_that_points_left_is_known() -> None:
    chosen = replace(lot(), notch="LEFT", mark="FLAT")
    for dialect in ("1.2", "1.8"):
        wafer = read(klarf_bytes(chosen, dialect)).places.wafers[0]
        assert (wafer.notch, wafer.flat) == ("left", True)
