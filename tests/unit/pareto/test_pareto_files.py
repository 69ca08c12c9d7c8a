import csv
import datetime
import io
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from pptx import Presentation

from defect_workbench.core.errors import InputError
from defect_workbench.core.pareto.class_counts import Basis, Measure
from defect_workbench.core.pareto.counting import count
from defect_workbench.core.pareto.pareto_chart import ParetoChart
from defect_workbench.engine.pareto.pareto_analysis import analyse
from defect_workbench.storage.pareto.pareto_figure import pareto_file, trend_file
from defect_workbench.storage.pareto.pareto_pages import pareto_sections
from defect_workbench.storage.pareto.pareto_slide import pareto_slides_file
from defect_workbench.storage.pareto.pareto_table import pareto_csv
from defect_workbench.storage.pareto.result_classes import result_classes
from defect_workbench.storage.report.report_content import ReportTable
from tests.unit.pareto.lots import lot_images

FORMULA = "=1+1"


@pytest.fixture(scope="module")
def chart() -> ParetoChart:
    rows = [("A", FORMULA), ("A", "cost $x^2$"), ("B", FORMULA), ("=B2", "cost $x^2$"), ("B", "")]
    return analyse(count([lot_images("a", rows)], "lot", Basis.NAMED).counts)


def test_no_cell_of_the_table_is_a_formula(chart: ParetoChart) -> None:
    shares = analyse(chart.counts, Measure.SHARE)
    lines = list(csv.DictReader(io.StringIO(pareto_csv(chart, (shares,)))))
    assert {line["class"] for line in lines} == {f"'{FORMULA}", "cost $x^2$"}
    assert {line["lot"] for line in lines} == {"A", "B", "'=B2"}
    (line,) = (line for line in lines if line["lot"] == "B" and line["class"] == f"'{FORMULA}")
    assert (line["count"], line["images"], line["with_class"], line["estimate"]) == ("1", "2", "1", "2")
    assert (line["share"], line["share_high"]) == ("1", "1")


def test_drawings_are_the_same_each_time_and_show_names_as_they_are(chart: ParetoChart) -> None:
    drawing = pareto_file(chart, "svg")
    assert drawing == pareto_file(chart, "svg")
    assert b"cost $x^2$" in drawing
    assert trend_file(chart, "png").startswith(b"\x89PNG")


def test_of_many_lots_only_a_readable_number_is_named_and_the_last_one() -> None:
    rows = [(f"LOT{number:03d}", "pit") for number in range(1, 61)]
    chart = analyse(count([lot_images("a", rows)], "lot", Basis.NAMED).counts)
    named = re.findall(rb">(LOT\d{3})<", pareto_file(chart, "svg", words=False))
    # Of more lots than fit, the earliest are left out.
    assert named[-1] == b"LOT060"
    assert 10 <= len(named) <= 24
    assert len({int(late[3:]) - int(early[3:]) for early, late in pairwise(named)}) == 1


def test_long_names_of_the_table_of_a_report_end_in_dots() -> None:
    name = "scratches across the second metal layer of the array"
    chart = analyse(count([lot_images("a", [("A", name), ("B", name)])], "lot", Basis.NAMED).counts)
    _, table = pareto_sections(chart)
    assert isinstance(table, ReportTable)
    assert table.columns[2] == "scratches across the second metal l…"


def test_charts_of_slides_can_be_edited_and_hold_no_formula(chart: ParetoChart) -> None:
    file = pareto_slides_file(chart, "lots", datetime.date(2026, 3, 1))
    slides = list(Presentation(io.BytesIO(file)).slides)
    charts = [shape.chart for slide in slides for shape in slide.shapes if shape.has_chart]
    assert len(charts) == 2
    stacked = charts[0].plots[0]
    assert list(stacked.categories) == ["=B2", "A", "B"]
    values = {series.name: tuple(series.values) for series in stacked.series}
    assert values == {FORMULA: (0, 1, 2), "cost $x^2$": (1, 1, 0)}
    book = openpyxl.load_workbook(io.BytesIO(charts[0].part.chart_workbook.xlsx_part.blob))
    assert all(cell.data_type != "f" for row in book.worksheets[0].iter_rows() for cell in row)


def write(path: Path, *lines: str) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def test_a_result_folder_without_session_is_read_from_its_tables(tmp_path: Path) -> None:
    write(
        tmp_path / "manifest.csv",
        "path,sha256,label,cluster,outlier,strangeness",
        "x/a.png,1,pit,1,false,0.5",
        "x/b.png,2,'=pit,2,false,0.5",
        "./=c.png,3,cluster-01,3,false,0.7",
        "d.png,4,_outliers,4,true,0.9",
    )
    write(tmp_path / "side_data.csv", "path,label,lot", "./=c.png,cluster-01,L2", "x/a.png,pit,L1")
    named, every = result_classes(tmp_path, Basis.NAMED), result_classes(tmp_path, Basis.ALL)
    assert [each.name for each in named.classes] == ["pit", "=pit"]
    assert named.class_of.tolist() == [0, 1, -1, -1]
    assert [each.name for each in every.classes] == ["pit", "=pit", "cluster-01", "Outliers"]
    assert every.own_names == (True, True, False, True)
    assert set(named.columns) == {"strangeness", "lot", "folder"}
    lots = named.columns["lot"]()
    assert [None if value < 0 else lots.values[value] for value in lots.value_of] == ["L1", None, "L2", None]


def test_the_last_row_of_an_image_counts_as_in_a_watched_folder(tmp_path: Path) -> None:
    write(tmp_path / "manifest.csv", "path,label", "a.png,pit", "b.png,pit", "a.png,scratch")
    found = result_classes(tmp_path, Basis.ALL)
    assert [found.classes[number].name for number in found.class_of] == ["scratch", "pit"]


@pytest.mark.parametrize("text", ["", "path,label\na\n", "a,b\n1,2\n", "path,path\nx,y\n"])
def test_a_damaged_manifest_is_a_readable_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.csv").write_text(text)
    with pytest.raises(InputError, match=r"manifest\.csv (cannot be read|has no column)"):
        result_classes(tmp_path, Basis.ALL)


def test_a_chart_without_any_class_is_drawn_too() -> None:
    counts = count([lot_images("a", [("A", ""), ("B", "")])], "lot", Basis.CONFIRMED).counts
    empty = analyse(counts)
    assert np.isnan(empty.values).all()
    assert pareto_file(empty, "png").startswith(b"\x89PNG")
    assert pareto_slides_file(empty, "lots", datetime.date(2026, 3, 1))
