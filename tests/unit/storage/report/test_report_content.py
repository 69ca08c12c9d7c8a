"""HTML and PDF are made from one list of contents: whatever is in it is in both."""

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from PIL import Image
from pypdf import PdfReader

from defect_workbench.core.progress import SilentReporter
from defect_workbench.core.project.class_library import ClassLibrary, KnownClass
from defect_workbench.core.project.decisions import Group
from defect_workbench.engine.input.thumbnail import thumbnail
from defect_workbench.storage.model.model_file import load_model
from defect_workbench.storage.report.contact_sheets import contact_sheets
from defect_workbench.storage.report.html_report import html_text
from defect_workbench.storage.report.pdf_report import write_pdf
from defect_workbench.storage.report.project_report import project_report
from defect_workbench.storage.report.report_content import (
    CaptionedImage,
    CellMark,
    ContactSheet,
    EncodedImage,
    ImageGrid,
    Report,
    ReportFigure,
    ReportFigures,
    ReportTable,
    ReportText,
    Section,
    TextStyle,
)
from defect_workbench.storage.report.training_report import Mistake, training_report
from defect_workbench.workflows.run_info import report_facts, report_tables
from tests.builders import made_project, picture
from tests.unit.storage.report.test_report import evil_project


def drawing(kind: Literal["svg", "png"]) -> bytes:
    if kind == "svg":
        return b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'></svg>"
    return EncodedImage.of(Image.new("RGB", (9, 9)), "png").data


def test_the_definition_of_a_class_is_in_both_reports(tmp_path: Path) -> None:
    project = made_project(tmp_path / "lot")
    scratch = project.partition.clusters[0]
    decisions, _ = project.decisions.hold(scratch.members, Group("scratch"))
    classes = ClassLibrary((KnownClass("scratch", definition="A groove <longer> than wide"),))
    sheets = contact_sheets(project.changed(decisions=decisions), thumbnail, SilentReporter(), classes)
    assert sheets[0].definition == "A groove <longer> than wide"
    report = Report("lot", "defect clusters", (), (), tuple(sheets))
    assert "<b>Definition:</b> A groove &lt;longer&gt; than wide" in html_text(report)
    write_pdf(tmp_path / "report.pdf", report, SilentReporter())
    pages = PdfReader(tmp_path / "report.pdf").pages
    assert "Definition: A groove <longer> than wide" in " ".join(page.extract_text() for page in pages)


GOLDEN = Path(__file__).resolve().parents[3] / "data" / "golden"
PICTURE = EncodedImage.of(Image.new("L", (40, 30), 90), "jpeg")
SECTIONS: tuple[Section, ...] = (
    ReportText("98.2 % right", TextStyle.FIGURE, "Final label"),
    ReportFigures("Drawings", tuple(ReportFigure(f"caption {i}", drawing, (200.0, 90.0)) for i in (1, 2))),
    ReportTable(
        "Length in µm – by class",
        ("Name & kind", "n"),
        (("a<b", "12"), ("é, ß, Ω, ≥", "7")),
        "A note, above.",
        frozenset({1}),
        "A note, below.",
        {(0, 1): CellMark.HIT, (1, 1): CellMark.MISS},
    ),
    ReportTable("A part", note="It has no rows.", part=True),
    ContactSheet(
        "cluster-01",
        "3 images",
        "#336699",
        PICTURE,
        (CaptionedImage(PICTURE, ("", "a<b.png")), CaptionedImage(None, ("cannot be read", "gone.png"))),
        (("Diameter", "34 nm"), ("Area", "900 nm²")),
        "Long & thin.\nAsk Ann.",
    ),
    ContactSheet("cluster-02", "2 images", "#336699", None, (CaptionedImage(PICTURE, ("", "c.png")),)),
    ImageGrid(
        "Mistakes",
        "2 of 9 images.",
        (CaptionedImage(PICTURE, ("pit (97 %)", "a.png")), CaptionedImage(None, ("gone", "b.png"))),
    ),
)
REPORT = Report("lot 7", "defect clusters", ("19 images", "made today"), ("No weights.",), SECTIONS)


def strings(section: Section) -> Iterator[str]:
    """Everything in a section that a person reads."""
    yield section.title
    match section:
        case ReportText():
            yield section.text
        case ReportTable():
            yield from (section.note, section.after, *section.columns)
            for row in section.rows:
                yield from row
        case ReportFigures():
            yield from (figure.caption for figure in section.figures)
        case ContactSheet():
            yield from (section.words, section.note)
            for item in section.typical:
                yield from item.lines
            for pair in section.measurements:
                yield from pair
        case ImageGrid():
            yield section.note
            for item in section.pictures:
                yield from item.lines


def squeezed(text: str) -> str:
    """Without white space, as lines are broken in other places, and with the signs that paper shows."""
    return "".join(c if c.isprintable() else "·" for c in "".join(text.split()))


def page_text(report: Report) -> str:
    page = re.sub(r"<svg.*?</svg>|<style.*?</style>", "", html_text(report), flags=re.DOTALL)
    return squeezed(unescape(re.sub(r"<[^>]*>", " ", page)))


def paper(report: Report, folder: Path) -> PdfReader:
    write_pdf(folder / "report.pdf", report, SilentReporter())
    return PdfReader(io.BytesIO((folder / "report.pdf").read_bytes()))


def check_complete(report: Report, folder: Path) -> None:
    on_screen = page_text(report)
    footer = f"{squeezed(report.name)}"
    # The footer stands between the parts of a table that goes over a page.
    pages = [squeezed(page.extract_text()) for page in paper(report, folder).pages]
    on_paper = "".join(re.sub(rf"^{re.escape(footer)}|^\d+{re.escape(footer)}", "", page) for page in pages)
    wanted = [report.title, *report.lead, *report.warnings]
    wanted += [text for section in report.sections for text in strings(section)]
    for text in wanted:
        assert squeezed(text) in on_screen, text
        assert squeezed(text) in on_paper, text


def test_every_kind_of_section_is_in_both_outputs(tmp_path: Path) -> None:
    assert {type(section) for section in SECTIONS} == set(Section.__args__)
    check_complete(REPORT, tmp_path)


@pytest.mark.parametrize("name", ["side data, rejected files, hostile names", "outliers"])
def test_every_part_of_a_projects_report_is_in_both_outputs(name: str, tmp_path: Path) -> None:
    if name == "outliers":
        project = made_project(tmp_path / "lot", (10, 8, 1, 1, 1))
        wanted = {"Outliers", "Outliers and what was decided"}
    else:
        project = evil_project(tmp_path)
        wanted = {"Side data", "Files not used (1)"}
    project = replace(project, analysis=replace(project.analysis, backbone=None))
    sheets = contact_sheets(project, thumbnail, SilentReporter())
    report = project_report(project, report_facts(project), report_tables(project), sheets)
    assert wanted | {"Dendrogram", "How this was made"} <= {section.title for section in report.sections}
    assert report.warnings
    check_complete(report, tmp_path)


def test_every_part_of_a_training_report_is_in_both_outputs(tmp_path: Path) -> None:
    facts = load_model(GOLDEN / "staged.model").facts
    assert facts is not None
    picture(0).save(tmp_path / "a.png")
    mistake = Mistake(tmp_path / "a.png", "a.png", "pit", "scratch", 0.93, "defect / scratch")
    gone = replace(mistake, file=tmp_path / "gone.png", name="gone.png")
    report = training_report("lot 7", facts, [mistake, gone], {"Seed": "0"}, thumbnail, ["No weights."])
    kinds = {type(section) for section in report.sections}
    assert kinds == {ReportText, ReportTable, ReportFigures, ImageGrid}
    check_complete(report, tmp_path)


def test_sections_come_in_the_order_of_the_content(tmp_path: Path) -> None:
    titles = [squeezed(section.title) for section in SECTIONS]
    texts = page_text(REPORT), squeezed("".join(p.extract_text() for p in paper(REPORT, tmp_path).pages))
    for text in texts:
        places = [text.index(title) for title in titles]
        assert places == sorted(places)


def test_pages_are_numbered_and_a_long_table_repeats_its_header(tmp_path: Path) -> None:
    rows = tuple((f"file {i}.png", "why") for i in range(200))
    pages = paper(replace(REPORT, sections=(ReportTable("Long", ("First", "Second"), rows),)), tmp_path).pages
    assert len(pages) >= 4
    for number, page in enumerate(pages, start=1):
        words = page.extract_text().split()
        assert "First" in words
        assert str(number) in words


def test_fonts_are_embedded(tmp_path: Path) -> None:
    used: dict[str, bool] = {}
    for page in paper(REPORT, tmp_path).pages:
        fonts: Any = page["/Resources"]
        for font in fonts["/Font"].values():
            used[font["/BaseFont"]] = "/FontDescriptor" in font and "/FontFile2" in font["/FontDescriptor"]
    dejavu = {name: embedded for name, embedded in used.items() if "DejaVu" in name}
    assert len(dejavu) >= 2
    assert all(dejavu.values())


def test_page_needs_nothing_from_elsewhere() -> None:
    page = html_text(REPORT)
    assert "<script" not in page
    assert not re.search(r"(src|href)=.?(?!data:)\w+:", page)
    assert page.count("data:image/jpeg;base64,") == 4
    assert page.count("<svg") == 2
    assert 'class="number hit"' in page
    assert page == html_text(REPORT)


@pytest.mark.parametrize("length", [5000, 60_000])
def test_cell_that_fills_more_than_a_page_is_shortened(length: int, tmp_path: Path) -> None:
    table = ReportTable("Long word", ("a", "b"), (("x" * length, "y" * 300),))
    assert len(paper(replace(REPORT, sections=(table,)), tmp_path).pages) <= 3


def test_picture_higher_than_a_page_is_made_to_fit(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (3000, 1000), dtype=np.uint8)
    tall = ContactSheet("tall", "1 image", "#000000", EncodedImage.of(Image.fromarray(pixels), "jpeg"))
    assert len(paper(replace(REPORT, sections=(tall,)), tmp_path).pages) <= 2
