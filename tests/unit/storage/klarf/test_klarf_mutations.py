"""Damaged files: a KlarfFile or an error that says why, and never the picture of another defect."""

import re
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from defect_workbench.core.errors import WorkbenchError
from defect_workbench.sample.klarf_writer import ImageStyle, KlarfStyle
from defect_workbench.storage.klarf.klarf_file import KlarfFile
from defect_workbench.storage.klarf.write_classes import changed_lines, overlay, with_classes
from tests.conftest import SHARED_DATA
from tests.unit.storage.klarf.lots import CASES, PER_FILE, pages, read, reasons, source

# Files of others, where they are at hand; none where not.
SAMPLES = sorted((SHARED_DATA / "klarf-examples").glob("*.klarf"))
SOURCES = [path.read_bytes() for path in SAMPLES] + [source(dialect, style, 2, 4) for dialect, style in CASES]
SOURCES += [
    source(dialect, KlarfStyle(images, images_last=False, wrap=5), defects=3)
    for dialect, images in (("1.2", ImageStyle.COUNTED), ("1.8", ImageStyle.NAMED))
]
# Their numbers say to which defect a picture belongs, whatever else is damaged.
NUMBERED = [
    (source(dialect, style, wafers=1, defects=6), style)
    for dialect, style in CASES
    if style not in {ImageStyle.NONE, ImageStyle.COUNT_ONLY}
]

WORDS = [
    *(
        b"DefectList",
        b"DefectRecordSpec 3 DEFECTID IMAGECOUNT IMAGELIST;",
        b"FILENAME a.jpg",
        b"TiffFileName b.tif;",
    ),
    *(
        b"EndOfFile;",
        b"WaferID 5;",
        b"}",
        b"{",
        b";",
        b'"',
        b"Data 3 {",
        b"List DefectList {",
        b"Columns 1 {int32 A}",
    ),
    *(
        b"Record WaferRecord",
        b"Field DiePitch 2 {1, 1}",
        b"Images 2 {",
        b"N",
        b"0",
        b"-1",
        b"1e999",
        b"99999999999",
    ),
    *(
        b"nan",
        b"9" * 30,
        b"9" * 5000,
        b"\xff\xfe",
        b"\x00",
        b"\r",
        b"\n",
        b"\xc3\xa4",
        b"ClassLookup 2\n",
        b"IMAGELIST",
    ),
]

Mutation = tuple[str, int, int, bytes]
MUTATIONS = st.lists(
    st.tuples(
        st.sampled_from(["byte", "cut", "word", "remove", "lines", "copy", "swap", "spec", "end"]),
        st.integers(0, 2**20),
        st.integers(0, 2**20),
        st.one_of(st.sampled_from(WORDS), st.binary(max_size=6)),
    ),
    min_size=1,
    max_size=6,
)


def mutated(data: bytes, mutation: Mutation) -> bytes:
    kind, first, second, word = mutation
    at = first % (len(data) + 1)
    lines = data.split(b"\n")
    line, other = first % len(lines), second % len(lines)
    match kind:
        case "byte":
            return data[:at] + bytes([second % 256]) + data[at + 1 :]
        case "cut":
            return data[:at] + data[at + second % 40 :]
        case "word":
            return data[:at] + b" " + word + b" " + data[at:]
        case "remove":
            return _without_token(data, first)
        case "lines":
            del lines[line : line + 1 + second % 4]
        case "copy":
            lines.insert(other, lines[line])
        case "swap":
            lines[line], lines[other] = lines[other], lines[line]
        case "spec":
            specs = list(re.finditer(rb"DefectRecordSpec [^;]*|Columns \d+ \{[^}]*", data))
            if specs:
                spec = specs[first % len(specs)]
                names = spec[0].split(b" ")
                names[second % len(names)] = word
                return data[: spec.start()] + b" ".join(names) + data[spec.end() :]
        case "end":
            return data[:at]
    return b"\n".join(lines)


def _without_token(data: bytes, number: int) -> bytes:
    tokens = list(re.finditer(rb"\S+", data))
    if not tokens:
        return data
    token = tokens[number % len(tokens)]
    return data[: token.start()] + data[token.end() :]


def check_any(data: bytes, mutations: list[Mutation]) -> None:
    """A damaged file is read consistently, or refused with a reason; what is read can be written."""
    for mutation in mutations:
        data = mutated(data, mutation)
    try:
        klarf = read(data)
    except WorkbenchError as error:
        assert str(error)
        return
    assert isinstance(klarf, KlarfFile)
    count = len(klarf.defect_id)
    assert len(klarf.lines) == len(klarf.pictures) == len(klarf.places) == count
    assert all(len(column.cells) == count for column in klarf.columns)
    assert set(klarf.places.wafer_of.tolist()) <= set(range(len(klarf.places.wafers)))
    last = data.count(b"\n") + data.count(b"\r") + 1
    assert all(1 <= problem.line <= last and problem.reason for problem in klarf.problems)
    assert all(1 <= line <= last for line in klarf.lines.tolist())
    assert all(p.page is None or p.page > 0 for pictures in klarf.pictures for p in pictures)
    if not count:
        return
    for name in klarf.class_columns[:1]:
        try:
            result = with_classes(data, name, {0: 123456, count - 1: 7}, {123456: "new"})
        except WorkbenchError:
            continue
        assert len(changed_lines(data, result)) >= 1
        again = read(result)
        assert again.defect_id.tolist() == klarf.defect_id.tolist()
        assert pages(again) == pages(klarf)
    try:
        overlay(data, "CLASSNUMBER", {0: 1})
    except WorkbenchError:
        return


def check_pages(case: tuple[bytes, ImageStyle], mutations: list[Mutation]) -> None:
    """Records and values that are lost never give a defect the pictures of another one."""
    data, style = case
    before = read(data)
    right = dict(zip(before.defect_id.tolist(), pages(before), strict=True))
    # A damaged file name is that of no file, so it shows no picture.
    files = {file for pictures in right.values() for file, _, _ in pictures}
    # Where pictures stand on lines of their own, those of the next record seem to belong to this one if both
    # lines between them are missing.
    is_apart = style in PER_FILE or style is ImageStyle.CONTINUED
    for kind, first, second, _ in mutations[: 1 if is_apart else 3]:
        # What changes numbers, or moves a file name to another record, cannot be noticed by any reader.
        chosen = {"byte": "lines", "cut": "remove", "word": "end", "copy": "lines", "spec": "remove"}.get(
            kind, kind
        )
        if chosen == "swap":
            chosen = "lines"
        data = mutated(data, (chosen, first, 0 if is_apart else second % 2, b""))
    try:
        klarf = read(data)
    except WorkbenchError:
        return
    if "no DEFECTID" in reasons(klarf):
        return
    for number, pictures in zip(klarf.defect_id.tolist(), pages(klarf), strict=True):
        files_and_pages = [(file, page) for file, page, _ in pictures if file in files]
        assert all(entry in [(f, p) for f, p, _ in right.get(number, [])] for entry in files_and_pages), (
            number,
            style,
        )


FEW = settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
MANY = settings(
    max_examples=26_000,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate, Phase.shrink),
    database=None,
)


@given(st.sampled_from(SOURCES), MUTATIONS)
@FEW
def test_a_damaged_file_is_read_or_refused(data: bytes, mutations: list[Mutation]) -> None:
    check_any(data, mutations)


@given(st.sampled_from(NUMBERED), MUTATIONS)
@FEW
def test_a_defect_never_gets_the_pictures_of_another(
    case: tuple[bytes, ImageStyle], mutations: list[Mutation]
) -> None:
    check_pages(case, mutations)


@pytest.mark.slow
@pytest.mark.parametrize(("check", "sources"), [(check_any, SOURCES), (check_pages, NUMBERED)])
def test_fifty_thousand_damaged_files(check: Callable[..., None], sources: list[object]) -> None:
    given(st.sampled_from(sources), MUTATIONS)(MANY(check))()


@given(st.binary(max_size=300))
@FEW
def test_arbitrary_bytes_behind_a_version_are_read_or_refused(data: bytes) -> None:
    check_any(b"FileVersion 1 2;\n" + data, [])
    check_any(b'Record FileRecord "1.8" {' + data, [])
