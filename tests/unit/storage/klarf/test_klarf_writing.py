"""Classes are written back and nothing else: checked by bytes, and by reading the result again."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from defect_workbench.core.errors import InputError
from defect_workbench.sample.klarf_writer import ImageStyle, KlarfStyle
from defect_workbench.storage.klarf.reading import read_klarf
from defect_workbench.storage.klarf.write_classes import changed_lines, overlay, with_classes
from tests.conftest import SHARED_DATA
from tests.unit.storage.klarf.lots import CASES, column, lot, pages, read, reasons, source

# Files of others, where they are at hand; none where not.
SAMPLES = sorted((SHARED_DATA / "klarf-examples").glob("*.klarf"))
WRITTEN = [source(dialect, style) for dialect, style in CASES] + [
    source(
        dialect,
        KlarfStyle(images, images_last=last, wrap=wrap, line_end=end, has_bom=bom, lookup_count=count),
    )
    for dialect, images in (("1.2", ImageStyle.COUNTED), ("1.2", ImageStyle.BARE), ("1.8", ImageStyle.NAMED))
    for last, wrap, end, bom, count in (
        (False, 0, b"\r\n", True, None),
        (True, 6, b"\n", False, 99),
        (False, 4, b"\r", False, 0),
    )
]
SOURCES = [path.read_bytes() for path in SAMPLES] + WRITTEN
TOKEN = re.compile(rb'"[^"\n]*"|[{};,]|[^\s{};,]+')


@pytest.mark.parametrize("data", SOURCES)
def test_without_decisions_a_file_is_identical(data: bytes) -> None:
    assert with_classes(data, "CLASSNUMBER", {}, {1: "Scratch", 77: "new"}) is data
    numbers = [int(value) for value in column(read(data), "CLASSNUMBER") if isinstance(value, float)]
    assert with_classes(data, "CLASSNUMBER", dict(enumerate(numbers)), {}) == data
    assert not changed_lines(data, data)


@given(st.sampled_from(SOURCES), st.data())
def test_only_cells_of_the_column_and_the_lookup_change(data: bytes, draw: st.DataObject) -> None:
    before = read(data)
    name = draw.draw(st.sampled_from(before.class_columns))
    code = st.one_of(st.integers(0, 500), st.integers(-(2**31), 2**31 - 1))
    codes = draw.draw(st.dictionaries(st.integers(0, len(before) - 1), code))
    names = {c: f"class {c}" for c in codes.values()}
    result = with_classes(data, name.lower(), codes, names)
    after = read(result)

    expected = list(column(before, name))
    for index, number in codes.items():
        expected[index] = float(number)
    assert list(column(after, name)) == expected
    for old, new in zip(before.columns, after.columns, strict=True):
        assert old.name == new.name
        assert old.name == name or old.cells == new.cells
    assert pages(after) == pages(before)
    assert after.places.wafers == before.places.wafers
    assert after.places.x_um.tolist() == before.places.x_um.tolist()
    assert after.defect_id.tolist() == before.defect_id.tolist()
    assert {p.reason for p in after.problems} == {p.reason for p in before.problems}
    new_names = {c: text for c, text in names.items() if c not in before.classes}
    assert after.classes == {**before.classes, **(new_names if codes else {})}

    # By bytes: without the rows that were added to the lookup, as many tokens differ as cells were changed,
    # and perhaps the declared length of the lookup.
    rest = result
    for number, text in new_names.items():
        rest, found = re.subn(rb'\s*%d "%s"( "")?' % (number, text.encode()), b"", rest)
        assert found == 1
    if not before.classes or not new_names:
        tokens = TOKEN.findall(rest)
    else:
        tokens = TOKEN.findall(rest.replace(b";;", b";"))
    old_tokens = TOKEN.findall(data)
    tokens = _without_empty_rows(tokens, len(new_names))
    old_tokens = _without_empty_rows(old_tokens, 0)
    changed = sum(a != b for a, b in zip(old_tokens, tokens, strict=True))
    cells = sum(expected[i] != column(before, name)[i] for i in codes)
    assert cells <= changed <= cells + bool(new_names)


def _without_empty_rows(tokens: list[bytes], added: int) -> list[bytes]:
    """Remove semicolons, which end the added rows of hierarchical files."""
    del added
    return [token for token in tokens if token != b";"]


def test_the_declared_length_of_the_lookup_follows_only_if_it_was_right() -> None:
    for dialect in ("1.2", "1.8"):
        word = b"ClassLookup" if dialect == "1.2" else b"Data"
        right = with_classes(source(dialect, KlarfStyle(ImageStyle.NONE)), "CLASSNUMBER", {0: 9}, {9: "nine"})
        assert word + b" 4\n" in right
        style = KlarfStyle(ImageStyle.NONE, lookup_count=101)
        wrong = with_classes(source(dialect, style), "CLASSNUMBER", {0: 9}, {9: "nine"})
        assert word + b" 101\n" in wrong
        assert read(wrong).classes == read(right).classes == {**lot().classes, 9: "nine"}


def test_a_file_without_a_lookup_gets_one() -> None:
    for dialect in ("1.2", "1.8"):
        for end in (b"\n", b"\r\n"):
            data = source(dialect, KlarfStyle(ImageStyle.NONE, has_lookup=False, line_end=end))
            assert not read(data).classes
            result = with_classes(data, "CLASSNUMBER", {0: 9, 1: 8}, {9: 'a "b" é', 8: "eight", 7: "unused"})
            assert read(result).classes == {8: "eight", 9: "a 'b' é"}
            assert not read(result).problems
            assert result.count(b"\n") == result.count(end)


def test_names_are_written_in_the_encoding_of_the_file() -> None:
    utf8 = source("1.2", ImageStyle.NONE).replace(b"Pit", "Löcher".encode())
    latin = utf8.decode().encode("latin-1")
    for data, encoding in ((utf8, "utf-8"), (latin, "latin-1")):
        result = with_classes(data, "CLASSNUMBER", {0: 9}, {9: "Kratzer ß"})
        assert "Kratzer ß".encode(encoding) in result
        assert read(result).classes[9] == "Kratzer ß"


def test_a_dry_run_lists_changed_and_added_lines() -> None:
    data = source("1.2", ImageStyle.NONE, wafers=1)
    rows = data.decode().split("\n")
    result = with_classes(data, "CLASSNUMBER", {0: 9, 4: 2}, {9: "nine"})
    changes = changed_lines(data, result)
    lookup = rows.index("ClassLookup 3") + 1
    first = next(i for i, row in enumerate(rows, 1) if row.startswith(" 3 "))
    assert [(line, old) for line, old, _ in changes] == [
        (lookup, "ClassLookup 3"),
        (lookup + 3, ' 2 "Pit";'),
        (lookup + 3, ""),
        (first, rows[first - 1]),
        (first + 4, rows[first + 3]),
    ]
    assert [new for _, _, new in changes[:3]] == ["ClassLookup 4", ' 2 "Pit"', ' 9 "nine";']
    assert changes[3][2] == rows[first - 1].replace(" 0 1 0 0 0 1", " 9 1 0 0 0 1")


@given(st.sampled_from(SOURCES), st.data())
def test_changed_lines_turn_one_file_into_the_other(data: bytes, draw: st.DataObject) -> None:
    before = read(data)
    indices, numbers = st.integers(0, len(before) - 1), st.integers(0, 99)
    codes = draw.draw(st.dictionaries(indices, numbers, min_size=1))
    result = with_classes(data, "CLASSNUMBER", codes, {c: f"class {c}" for c in codes.values()})
    end = "\r" if b"\n" not in data else "\r\n" if b"\r\n" in data else "\n"
    lines = data.decode("latin-1").split(end)
    for line, old, new in reversed(changed_lines(data, result)):
        if old:
            assert lines[line - 1].encode("latin-1").decode().strip("\ufeff") in old
            lines[line - 1] = new
        else:
            lines.insert(line, new)
    assert end.join(lines).encode("latin-1") == result or data.startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("data", SOURCES)
def test_an_overlay_has_the_header_and_only_the_classes(data: bytes) -> None:
    before = read(data)
    codes = {0: 5, len(before) - 1: 77}
    result = overlay(data, "NEWCLASS", codes)
    after = read(result)
    assert after.version == before.version
    assert after.defect_id.tolist() == [before.defect_id[i] for i in codes]
    assert column(after, "NEWCLASS") == (5.0, 77.0)
    assert [c.name for c in after.columns] == ["NEWCLASS"]
    assert after.classes == before.classes
    used = [before.places.wafers[before.places.wafer_of[i]] for i in codes]
    assert [after.places.wafers[w] for w in after.places.wafer_of] == used
    assert "Tiff" not in result.decode("latin-1")
    assert not re.search(r"^\s*[^ ]*: (?!the records have no)", reasons(after))
    assert len(result) < len(data)


def test_what_cannot_be_written_is_reported() -> None:
    data = source("1.2", ImageStyle.COUNTED)
    with pytest.raises(InputError, match="has no column MANSEMCLASS"):
        with_classes(data, "MANSEMCLASS", {0: 1}, {})
    with pytest.raises(InputError, match="no defect with the index 10"):
        with_classes(data, "CLASSNUMBER", {3: 1, 10: 1}, {})
    with pytest.raises(InputError, match="does not fit into 32 bits"):
        with_classes(data, "CLASSNUMBER", {0: 2**31}, {})
    with pytest.raises(InputError, match="cannot be the name of a column"):
        overlay(data, "A B;", {0: 1})
    with pytest.raises(InputError, match="not a KLARF"):
        with_classes(b"", "CLASSNUMBER", {0: 1}, {})
    with pytest.raises(InputError, match="has no column DEFECTID"):
        overlay(data.replace(b"DEFECTID", b"NUMBER"), "CLASSNUMBER", {0: 1})


def test_damaged_records_do_not_shift_the_others() -> None:
    data = source("1.2", ImageStyle.COUNTED, wafers=1).replace(b"\n 13 ", b"\n 13 13 ")
    klarf = read(data)
    result = with_classes(data, "CLASSNUMBER", {1: 9}, {})
    assert klarf.defect_id[1] == 23
    (line, _, _) = changed_lines(data, result)[0]
    assert line == klarf.lines[1]


@pytest.mark.skipif(not SAMPLES, reason="the example files of others are not in ../shared/data")
def test_example_files_of_others_open_and_are_written_back_unchanged() -> None:
    assert len(SAMPLES) >= 3
    for path in SAMPLES:
        klarf = read_klarf(path)
        assert len(klarf) > 0
        assert with_classes(path.read_bytes(), klarf.class_columns[0], {}, {}) == path.read_bytes()
