"""Side data: read, joined, kept, crossed with the clusters."""

import csv
import datetime
import io
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook
from scipy import stats

from defect_workbench.core.errors import InputError
from defect_workbench.core.images.image_records import ImageRecord, ImageSet
from defect_workbench.core.project.side_data import SideData, join
from defect_workbench.core.table_columns import Column, ColumnKind, typed_column
from defect_workbench.engine.clustering.association import associate, associations
from defect_workbench.storage.files.csv_cells import plain_path, plain_text, safe_path, safe_text
from defect_workbench.storage.session.session_file import load_session, save_session
from defect_workbench.storage.session.table_reader import read_table, side_text
from tests.builders import made_project


def image_set(*paths: str, root: str = "/data/lot7") -> ImageSet:
    return ImageSet(Path(root), tuple(ImageRecord(p, "0" * 64, 40, 32) for p in paths), ())


def joined(tmp_path: Path, text: str | bytes, images: ImageSet, **options: str) -> SideData:
    path = tmp_path / "side.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return join(read_table(path), images, **options)


# Reading


@pytest.mark.parametrize("delimiter", list(",;\t|"))
def test_delimiters_are_inferred_from_the_content(tmp_path: Path, delimiter: str) -> None:
    lines = [["file", "lot", "note"], ["a.png", "L1", "x y"], ["b.png", "L2", "z"]]
    side = joined(tmp_path, "\n".join(delimiter.join(line) for line in lines), image_set("a.png", "b.png"))
    assert [c.name for c in side.columns] == ["lot", "note"]
    assert side.column("LOT").cells == ("L1", "L2")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings_are_inferred_from_the_content(tmp_path: Path, encoding: str) -> None:
    side = joined(tmp_path, "Datei;Prüfer\na.png;Jürgen\n".encode(encoding), image_set("a.png"))
    assert side.column("Prüfer").cells == ("Jürgen",)
    assert bool(side.remarks) == (encoding == "cp1252")


def test_decimal_commas_are_numbers_where_the_comma_does_not_part_the_cells(tmp_path: Path) -> None:
    images = image_set("a.png", "b.png")
    side = joined(tmp_path, "f;n\na.png;1,5\nb.png;-2,25e1\n", images)
    assert side.column("n") == Column("n", ColumnKind.NUMBER, (1.5, -22.5))
    quoted = joined(tmp_path, 'f,n\na.png,"1,500"\nb.png,"2,000"\n', images)
    assert quoted.column("n").kind is ColumnKind.TEXT


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "2.5", ""], ColumnKind.NUMBER),
        (["-1e-3", "+4", "n/a"], ColumnKind.NUMBER),
        (["007", "008"], ColumnKind.TEXT),
        (["0", "0.5"], ColumnKind.NUMBER),
        (["1", "x"], ColumnKind.TEXT),
        (["1e999", "1"], ColumnKind.TEXT),
        (["", "nan"], ColumnKind.TEXT),
    ],
)
def test_columns_are_numbers_only_where_every_cell_is_one(cells: list[str], kind: ColumnKind) -> None:
    assert typed_column("c", cells, False).kind is kind


def test_workbooks_are_read_with_their_types(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["file", "nitrogen", "wafer", "taken", "ok", None, "file"])
    sheet.append(["a", 3.25, 7, datetime.date(2026, 1, 2), True, None, "x"])
    sheet.append(["b.png", None, 8, datetime.datetime.fromisoformat("2026-01-03T04:05"), False, None, "y"])
    book.save(tmp_path / "side.dat")
    table = read_table(tmp_path / "side.dat")
    assert table.header == ("file", "nitrogen", "wafer", "taken", "ok", "file (2)")
    side = join(table, image_set("a.png", "sub/b.png"), categories=["wafer"])
    assert side.column("nitrogen").cells == (3.25, None)
    assert side.column("wafer") == Column("wafer", ColumnKind.TEXT, ("7", "8"))
    assert side.column("taken").cells == ("2026-01-02", "2026-01-03 04:05:00")


def test_workbook_that_would_unpack_to_too_much_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (200 * 1024**2))
    with pytest.raises(InputError, match="unpack to 200 MB"):
        read_table(tmp_path / "bomb.xlsx")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not contain a table"),
        (b"file,lot\n", "not contain a table"),
        (b"PK\x03\x04 nonsense", "not an XLSX"),
        (b"a,b\n\x00\x01,2\n", "neither CSV nor XLSX"),
        (b"a," * 400 + b"b\n" + b"1," * 400 + b"2\n", "columns"),
        (b'a,"' + b"x" * 200_000 + b'"\nb,c\n', "cannot be read as a table"),
    ],
)
def test_a_file_that_is_not_a_table_is_refused_with_a_reason(
    tmp_path: Path, content: bytes, words: str
) -> None:
    (tmp_path / "side.csv").write_bytes(content)
    with pytest.raises(InputError, match=words):
        read_table(tmp_path / "side.csv")


# Joining


@pytest.mark.parametrize(
    "cell",
    [
        "sub/a.png",
        "a.png",
        "A.PNG",
        "a",
        "sub\\a.png",
        "D:\\lots\\lot7\\sub\\a.png",
        "/data/lot7/sub/a.png",
        " a ",
    ],
)
def test_names_are_found_with_and_without_folder_and_extension(tmp_path: Path, cell: str) -> None:
    side = joined(tmp_path, f"x,name\n1,{cell}\n", image_set("sub/a.png", "sub/b.png"))
    assert side.joined == (True, False)
    assert side.name_column == "name"
    assert side.without_row(image_set("sub/a.png", "sub/b.png")) == ("sub/b.png",)


def test_rows_of_another_folder_belong_to_no_image(tmp_path: Path) -> None:
    side = joined(tmp_path, "name,x\none/a.png,1\ntwo/a.png,2\n", image_set("one/a.png"))
    assert side.column("x").cells == (1.0,)
    assert side.without_image == ("two/a.png",)


def test_names_that_fit_several_images_belong_to_none_and_are_reported(tmp_path: Path) -> None:
    images = image_set("one/a.png", "two/a.png", "two/b.png")
    side = joined(tmp_path, "name,x\na.png,1\nb,2\n", images)
    assert side.joined == (False, False, True)
    assert "matches several images" in side.remarks[0]


def test_duplicate_rows_are_reported_and_the_one_with_more_folders_counts(tmp_path: Path) -> None:
    side = joined(tmp_path, "name,x\na.png,1\nsub/a.png,2\na.png,3\n", image_set("sub/a.png"))
    assert side.column("x").cells == (2.0,)
    assert "more than one row" in side.remarks[0]


def test_column_can_be_named_and_wrong_ones_are_reported(tmp_path: Path) -> None:
    images = image_set("a.png", "b.png")
    text = "first,second\na.png,b.png\nb.png,zzz\n"
    assert joined(tmp_path, text, images).name_column == "first"
    assert joined(tmp_path, text, images, name_column="Second").joined == (False, True)
    with pytest.raises(InputError, match="it has first, second"):
        joined(tmp_path, text, images, name_column="third")
    with pytest.raises(InputError, match=r"no column of side\.csv contains the file names"):
        joined(tmp_path, "first,second\n1,2\n", images)


# Kept and written


def with_side(project_root: Path, tmp_path: Path, lots: list[str]) -> SideData:
    project = made_project(project_root)
    lines = [
        f"{image.path},{lot},{i}"
        for i, (image, lot) in enumerate(zip(project.images.images, lots, strict=True))
    ]
    return joined(tmp_path, "\n".join(["name,lot,x", *lines]), project.images)


def test_session_keeps_side_data(tmp_path: Path) -> None:
    lots = ["A"] * 8 + ["B"] * 11
    side = with_side(tmp_path / "lot", tmp_path, lots)
    project = replace(made_project(tmp_path / "lot"), side=side)
    save_session(tmp_path / "s.dwb", project)
    assert load_session(tmp_path / "s.dwb").side == side
    save_session(tmp_path / "plain.dwb", made_project(tmp_path / "lot"))
    assert load_session(tmp_path / "plain.dwb").side is None


def test_written_side_data_have_every_image_and_no_formula(tmp_path: Path) -> None:
    lots = ["=HYPERLINK(1)", "-5.5", "@x", "+1", "-a", "\ttab"] + ["B"] * 13
    project = made_project(tmp_path / "lot")
    stream = io.StringIO()
    csv.writer(stream).writerows(
        [["name", "lot"], *[[i.path, lot] for i, lot in zip(project.images.images, lots, strict=True)]]
    )
    side = joined(tmp_path, stream.getvalue(), project.images)
    text = side_text(side, project.images, ["c"] * 19)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["lot"] for row in rows][:6] == ["'=HYPERLINK(1)", "-5.5", "'@x", "+1", "'-a", "tab"]
    assert len(rows) == 19


@given(st.text(alphabet=st.sampled_from("'=+-@\t\r ab1,.e"), max_size=12))
def test_neutral_texts_begin_like_no_formula_and_can_be_read_back(text: str) -> None:
    safe = safe_text(text)
    assert plain_text(safe) == text
    try:
        float(text.replace(",", "."))
    except ValueError:
        assert safe[:1] not in tuple("=+-@\t\r")
    else:
        assert plain_text(text) == text
    assert safe_path(text)[:1] not in tuple("=+-@\t\r")


def test_numbers_are_not_harmed() -> None:
    for number in ("-1", "+2.5", "-.5", "-1e-7", "-3,25"):
        assert safe_text(number) == number
    assert plain_path(safe_path("-x/a.png")) == "-x/a.png"


# Association


def test_related_categories_are_found_and_unrelated_ones_are_not() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat([0, 1, 2], 40)
    related = Column("lot", ColumnKind.TEXT, tuple("ABC"[g] if rng.random() < 0.8 else "A" for g in groups))
    found = associate(related, groups, ["x", "y", "z"])
    table = np.array(found.table)
    reference = stats.chi2_contingency(table, correction=False)
    assert found.statistic == pytest.approx(reference.statistic)
    assert found.p_value == pytest.approx(reference.pvalue)
    assert found.effect > 0.5
    assert "strongly related" in found.reading
    random = Column("lot", ColumnKind.TEXT, tuple(rng.choice(["A", "B"], 120)))
    assert associate(random, groups, ["x", "y", "z"]).p_value > 0.05
    assert "No evidence" in associate(random, groups, ["x", "y", "z"]).reading


def test_small_tables_are_tested_exactly() -> None:
    groups = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    column = Column("c", ColumnKind.TEXT, tuple("AAAABBBB"))
    found = associate(column, groups, ["x", "y"])
    assert found.test == "Fisher's exact test"
    assert found.p_value == pytest.approx(2 / 70)
    three = associate(
        Column("c", ColumnKind.TEXT, tuple("AAABBBCCC")), np.repeat([0, 1, 2], 3), ["x", "y", "z"]
    )
    assert "permutations" in three.test
    # 6 of the 1680 ways to deal the letters are as extreme.
    assert three.p_value == pytest.approx(6 / 1680, abs=0.002)


def test_numbers_are_compared_by_rank() -> None:
    rng = np.random.default_rng(1)
    groups = np.repeat([0, 1], 30)
    values = rng.normal(size=60) + 2 * groups
    found = associate(Column("n", ColumnKind.NUMBER, tuple(map(float, values))), groups, ["x", "y"])
    reference = stats.kruskal(values[:30], values[30:])
    assert found.p_value == pytest.approx(float(reference.pvalue))
    assert found.effect == pytest.approx(float(reference.statistic) / 59)
    assert found.table[0, 0] == 30
    small = associate(
        Column("n", ColumnKind.NUMBER, (1.0, 2.0, 3.0, 4.0)), np.array([0, 0, 1, 1]), ["x", "y"]
    )
    assert small.test == "Kruskal-Wallis by all 6 permutations"
    assert small.p_value == pytest.approx(1 / 3)


def test_permutations_are_repeatable_by_their_seed() -> None:
    rng = np.random.default_rng(3)
    groups = np.arange(30) % 10
    texts = Column("c", ColumnKind.TEXT, tuple(rng.choice(list("ABC"), 30).tolist()))
    numbers = Column("n", ColumnKind.NUMBER, tuple(rng.normal(size=30).tolist()))
    labels = [str(number) for number in range(10)]
    for column in (texts, numbers):
        first, again, other = (associate(column, groups, labels, seed) for seed in (1, 1, 2))
        assert "9,999 permutations" in first.test
        assert first.p_value == again.p_value
        assert other.p_value == pytest.approx(first.p_value, abs=0.03)


@pytest.mark.parametrize(
    "column",
    [
        Column("c", ColumnKind.TEXT, (None,) * 6),
        Column("c", ColumnKind.TEXT, ("A",) * 6),
        Column("c", ColumnKind.NUMBER, (1.0,) * 6),
        Column("c", ColumnKind.NUMBER, (None, None, None, None, None, 2.0)),
    ],
)
def test_columns_that_cannot_be_tested_say_why(column: Column) -> None:
    found = associate(column, np.array([0, 0, 0, 1, 1, 1]), ["x", "y"])
    assert found.test == ""
    assert found.reading.startswith("Not tested")


def test_outliers_are_a_group_of_their_own_in_the_cross_table(tmp_path: Path) -> None:
    side = with_side(tmp_path / "lot", tmp_path, ["A"] * 8 + ["B"] * 11)
    project = replace(made_project(tmp_path / "lot"), side=side)
    lot, x = associations(project)
    assert lot.table.sum() == 19
    assert lot.effect > 0.8
    assert x.kind is ColumnKind.NUMBER
    assert x.p_value < 0.01
