"""The report, on the screen and on paper."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from defect_workbench.core.images.defect_items import SearchedImage
from defect_workbench.core.images.image_records import Rejection
from defect_workbench.core.images.measurements import Measurements
from defect_workbench.core.progress import SilentReporter
from defect_workbench.core.project.decisions import Group
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.project.side_data import SideData
from defect_workbench.core.table_columns import Column, ColumnKind
from defect_workbench.engine.input.thumbnail import thumbnail
from defect_workbench.storage.report.cluster_pages import PageMaker
from defect_workbench.storage.report.contact_sheets import contact_sheets
from defect_workbench.storage.report.measurement_table import measurement_tables
from defect_workbench.storage.report.project_report import (
    ReportInputs,
    dendrogram_figure,
    project_report,
    write_reports,
)
from defect_workbench.storage.report.report_content import ReportTable
from defect_workbench.storage.result.result_folder import Mode, export
from defect_workbench.workflows.run_info import report_facts, report_tables
from tests.builders import made_project

EVIL = "<script>alert(1)</script>\"'&$x^2$ \u202e\x07 日本 \\frac{"


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs


def evil_project(folder: Path) -> Project:
    project = made_project(folder / "lot<b>", rejected=(Rejection(f"{EVIL}.png", EVIL),))
    decisions, _ = project.decisions.hold(np.arange(4), Group(EVIL, confirmed=True, note=EVIL))
    column = Column(EVIL, ColumnKind.TEXT, tuple([EVIL, "b"] * 9 + ["b"]))
    number = Column("n", ColumnKind.NUMBER, tuple(float(i) for i in range(19)))
    side = SideData(EVIL, "0" * 64, EVIL, (column, number), (True,) * 18 + (False,), (EVIL,), (EVIL,))
    return replace(project, decisions=decisions, side=side)


def reports(project: Project, folder: Path, *more: ReportTable) -> tuple[str, bytes]:
    facts = {**report_facts(project), "Evil": EVIL}
    tables = [*report_tables(project), *more]
    write_reports(folder, 1, project, ReportInputs(facts, thumbnail, tables), SilentReporter())
    return (folder / "report.html").read_text(encoding="utf-8"), (folder / "report.pdf").read_bytes()


def test_everything_a_file_can_say_is_escaped(tmp_path: Path) -> None:
    project = evil_project(tmp_path)
    page, paper = reports(project, tmp_path, ReportTable(EVIL, (EVIL,), ((EVIL,),), EVIL, after=EVIL))
    found = Tags()
    found.feed(page)
    assert "script" not in found.tags
    assert "b" not in found.tags
    assert not [name for name, _ in found.attributes if name.startswith("on")]
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 10
    assert paper.startswith(b"%PDF")
    assert b"ASCII85" not in paper, "a fifth larger, and slow to write"
    assert paper.rstrip().endswith(b"%%EOF")


def test_report_says_who_when_with_what_and_what_became_of_the_outliers(tmp_path: Path) -> None:
    project = made_project(tmp_path / "lot", (10, 8, 1, 1, 1))
    flagged = project.partition.outliers
    decisions, _ = project.decisions.hold(flagged[:1], Group("odd one"))
    project = replace(project, decisions=decisions)
    page, _ = reports(project, tmp_path)
    text = re.sub(r"<[^>]*>", " ", re.sub(r"<svg.*?</svg>|<style.*?</style>", "", page, flags=re.DOTALL))
    words = " ".join(text.split())
    for wanted in (
        "Made at", "Made by", "SHA-256 of the weights", "0" * 64, "Versions", "Seed", "Linkage ward",
        "Outliers and what was decided", "a separate cluster", "odd one", "none: still an outlier",
        "3 images flagged at this cut: 1 assigned to clusters, 2 outliers left.",
    ):  # fmt: skip
        assert wanted in words, wanted
    facts = report_facts(project)
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d [+-]\d{4}$", facts["Made at"])


def test_the_report_has_one_way_to_write_a_size_and_the_words_of_the_window(tmp_path: Path) -> None:
    measured = Measurements(2, 60_000.0, 55_321.6, 1_563.4, 2.0, 0.0, 30.0, 4.0)
    project = made_project(tmp_path / "lot")
    images = tuple(replace(image, measured=measured) for image in project.images.images)
    project = replace(project, images=replace(project.images, images=images))
    (table,) = measurement_tables(project)
    assert table.rows[0][3:5] == ("55,322 px²", "1,560 px")
    page = PageMaker(project, thumbnail, 64).of_cluster(0)
    assert {("Area", "55,322 px²"), ("Diameter", "1,560 px")} <= set(page.measurements)
    facts = report_facts(project)
    assert facts["Cut"].startswith("3 branches, height ")
    assert facts["Block weights"].startswith("Deep (ResNet-50) ")
    assert facts["Preprocessing"] == "no info bar detected"
    with_bar = (replace(images[0], info_bar=4), *images[1:])
    project = replace(project, images=replace(project.images, images=with_bar))
    words = report_facts(project)["Preprocessing"]
    assert words == f"info bar detected and cropped in 1 of {len(images)} images"
    figure = dendrogram_figure(project)
    assert figure is not None
    assert "into 3 branches, before outliers are separated" in figure.caption


def test_a_report_on_single_defects_counts_defects(tmp_path: Path) -> None:
    project = made_project(tmp_path / "lot", (10, 8, 1, 1))
    searched = (SearchedImage("board.png", "0" * 64, 400, 300, len(project.images)),)
    project = replace(project, images=replace(project.images, searched=searched))
    sheets = contact_sheets(project, thumbnail, SilentReporter())
    assert sheets[0].words.startswith("10 defects, spread ")
    assert sheets[-1].words == "2 defects, highest score first"
    assert PageMaker(project, thumbnail, 64).of_cluster(0).noun == "defect"
    report = project_report(project, report_facts(project), (), ())
    assert report.lead[0] == "20 defects · 2 clusters · 2 outliers"
    assert report_facts(project)["Preprocessing"] == "info bar cropped where one was detected"


@pytest.mark.parametrize(("rows", "columns"), [(12, 12), (130, 2)])
def test_long_and_wide_tables_go_over_pages(tmp_path: Path, rows: int, columns: int) -> None:
    project = made_project(tmp_path / "lot")
    wide = ReportTable(
        "Wide", tuple(f"column {i}" for i in range(columns)), (("word " * 9,) * columns,) * rows
    )
    long_word = ReportTable("Word", ("a", "b"), (("x" * 5000, "y" * 300),))
    _, paper = reports(project, tmp_path, wide, long_word)
    pages = len(re.findall(rb"/Type /Page\b", paper))
    assert 3 <= pages <= 8


def test_who_and_when_change_the_report_and_not_the_tables(tmp_path: Path) -> None:
    project = made_project(tmp_path / "lot")
    for name, who in (("a", "Ann"), ("b", "Bob")):
        export(
            project, tmp_path / name, Mode.COPY, ReportInputs({"Made by": who}, thumbnail), SilentReporter()
        )
    assert "Ann" in (tmp_path / "a" / "report.html").read_text(encoding="utf-8")
    for name in ("manifest.csv", "rejected.csv", "session.dwb"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
