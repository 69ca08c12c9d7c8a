"""The slides of a project, as another program reads them."""

from __future__ import annotations

import datetime
import io
import os
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from PIL import Image
from pptx import Presentation
from pptx.enum.shapes import MSO_SHAPE_TYPE
from pptx.util import Inches

from defect_workbench.core.errors import InputError, WorkbenchError
from defect_workbench.core.images.instrument import InstrumentMetadata
from defect_workbench.core.images.measurements import NANOMETRES, Measurements
from defect_workbench.core.progress import SilentReporter
from defect_workbench.core.project.class_library import ClassLibrary, KnownClass
from defect_workbench.core.project.decisions import Group
from defect_workbench.core.project.palette import NEUTRAL, colour, colour_numbers, node_colours
from defect_workbench.core.project.project_state import Project
from defect_workbench.engine.input.thumbnail import thumbnail
from defect_workbench.storage.report.cluster_pages import ClusterPage, PageMaker
from defect_workbench.storage.report.slides.slide_deck import slides_file
from defect_workbench.storage.report.text_fitting import LINE_HEIGHT, line_count, paragraphs, shortened
from defect_workbench.workflows.export import SlidesRequest, export_slides
from tests.builders import made_project

DAY = datetime.date(2026, 3, 2)
EVIL = '=HYPERLINK("http://x") <b>&amp; \x1b\u202e\ufffe\udc80 日本 ' + "W" * 300


@pytest.fixture(autouse=True)
def small_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Noise of full size would take most of the time."""
    monkeypatch.setattr("defect_workbench.storage.report.slides.slide_deck.PICTURE_PIXELS", 80)


def deck(project: Project) -> Any:
    return Presentation(io.BytesIO(slides_file(project, DAY, thumbnail, SilentReporter())))


def shapes_of(slide: Any) -> Iterator[Any]:
    """The shapes of a slide, those within groups included."""
    waiting = list(slide.shapes)
    while waiting:
        shape = waiting.pop()
        yield shape
        if shape.shape_type == MSO_SHAPE_TYPE.GROUP:
            waiting += shape.shapes


def text_of(slide: Any) -> str:
    """All text of a slide, cells of tables included."""
    texts = [shape.text_frame.text for shape in shapes_of(slide) if shape.has_text_frame]
    tables = [shape.table for shape in slide.shapes if shape.has_table]
    texts += [cell.text for table in tables for row in table.rows for cell in row.cells]
    return "\n".join(texts)


def pictures_of(slide: Any) -> list[Any]:
    return [shape for shape in shapes_of(slide) if shape.shape_type == MSO_SHAPE_TYPE.PICTURE]


def measured(project: Project, nanometres: float = 2.5) -> Project:
    found = Measurements(2, 9e5, 8e5, 1009.3, 1.25, 30.0, -32.5, 4.2, NANOMETRES)
    tool = InstrumentMetadata(pixel_size_nm=nanometres)
    images = tuple(replace(image, tool=tool, measured=found) for image in project.images.images)
    return replace(project, images=replace(project.images, images=images))


def first_page(project: Project) -> ClusterPage:
    return PageMaker(project, thumbnail, 100).of_cluster(0)


def with_group(project: Project, group: Group) -> Project:
    decisions, _ = project.decisions.hold(project.partition.clusters[0].members, group)
    return replace(project, decisions=decisions)


def test_the_deck_has_counts_a_chart_a_slide_per_cluster_and_the_outliers(tmp_path: Path) -> None:
    project = made_project(tmp_path / "lot-7", (12, 8, 1, 1))
    project = with_group(measured(project), Group("scratch", confirmed=True, note="Long and thin.\nAsk Ann."))
    partition = project.partition
    title, overview, *pages = deck(project).slides
    assert title.shapes.title.text_frame.text == "lot-7"
    for words in ("2026-03-02", "22\n", "2\n", "clusters", "outliers", "Cut at height"):
        assert words in text_of(title), words
    assert len(pictures_of(title)) == 1
    (chart,) = [shape.chart for shape in overview.shapes if shape.has_chart]
    assert list(chart.plots[0].categories) == ["scratch", "cluster-02", "Outliers"]
    assert list(chart.plots[0].series[0].values) == [12, 8, 2]
    tree = project.analysis.tree
    assert tree is not None
    numbers = colour_numbers(partition, node_colours(tree))
    colours = [colour(numbers[cluster.key]) for cluster in partition.clusters]
    points = [chart.plots[0].series[0].points[i].format.fill.fore_color.rgb for i in range(3)]
    assert [f"#{point}" for point in points] == [*colours, NEUTRAL.upper()]
    assert [page.shapes.title.text_frame.text for page in pages] == ["scratch", "cluster-02", "Outliers"]
    first = text_of(pages[0])
    for words in ("12 images", "54.5% of all images", "confirmed", "Long and thin.\nAsk Ann.", "12 of 12",
                  "1.01 µm", "800,000 nm²", "1.25", "-32.5 grey levels", "20 nm"):  # fmt: skip
        assert words in first, words
    names = [project.images.images[i].path for i in partition.clusters[0].members.tolist()]
    for number, name in enumerate(names):
        assert (name in first) == (number < 6)
    drawn = pictures_of(pages[0])
    assert len(drawn) == 6
    assert {shape._element.nvPicPr.cNvPr.get("descr") for shape in drawn} == set(names[:6])
    assert "score" in text_of(pages[-1])


def test_the_definition_of_the_class_stands_above_the_note(tmp_path: Path) -> None:
    project = with_group(measured(made_project(tmp_path / "lot")), Group("Scratch", note="n " * 2000))
    classes = ClassLibrary((KnownClass("scratch", definition="d " * 900),))
    file = slides_file(project, DAY, thumbnail, SilentReporter(), classes)
    slide = Presentation(io.BytesIO(file)).slides[2]
    texts = {shape.text_frame.text[:4]: shape for shape in slide.shapes if shape.has_text_frame}
    order = [texts[start] for start in ("Defi", "d d ", "Note", "n n ")]
    for above, below in pairwise(order):
        assert above.top + above.height <= below.top
    assert order[-1].top + order[-1].height <= Inches(6.91)
    assert all(texts[start].text_frame.text.endswith("…") for start in ("d d ", "n n "))


def test_a_scale_bar_is_as_long_as_it_says(tmp_path: Path) -> None:
    page = deck(measured(made_project(tmp_path / "lot", (6,)), 2.5)).slides[2]
    for group in (shape for shape in page.shapes if shape.shape_type == MSO_SHAPE_TYPE.GROUP):
        picture, plate, bar = group.shapes
        assert plate.text_frame.text == "20 nm"
        # 40 pixels of 2.5 nm.
        assert bar.width / picture.width == pytest.approx(20 / (40 * 2.5), rel=0.01)
        assert picture.left <= plate.left <= bar.left
        assert bar.top + bar.height <= picture.top + picture.height
    assert all(image.bar is None for image in first_page(made_project(tmp_path / "other", (6,))).pictures)


def test_the_same_project_and_date_give_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = made_project(tmp_path / "lot")
    first = slides_file(project, DAY, thumbnail, SilentReporter())
    monkeypatch.setattr(time, "time", lambda: 4e9)
    monkeypatch.setattr(time, "localtime", lambda *_: time.gmtime(4e9))
    assert slides_file(project, DAY, thumbnail, SilentReporter()) == first
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert {entry.date_time[0] for entry in archive.infolist()} == {2020}
    properties = Presentation(io.BytesIO(first)).core_properties
    assert properties.created == properties.modified == datetime.datetime(2026, 3, 2)  # noqa: DTZ001
    later = slides_file(project, DAY.replace(day=3), thumbnail, SilentReporter())
    assert later != first


def hard_project(folder: Path) -> Project:
    """Names, notes and images that no one should have."""
    names = [f"{'x' * 120} 日本 {i:03d}.png" if i % 2 else f"=cmd()|{i}.png" for i in range(30)]
    project = made_project(folder / ("lot <b>&amp; 日本 " + "w" * 180), (12, 9, 6, 1, 1, 1), names)
    for number, path in enumerate(project.images.absolute(i) for i in range(30)):
        if number % 5 == 0:
            path.unlink()
        elif number % 5 == 1:
            path.write_bytes(b"not an image")
        elif number % 5 == 2:
            pixels = np.tile(np.arange(250, dtype=np.uint8), (8, 20))
            Image.fromarray(pixels if number % 2 else pixels.T.copy()).save(path, format="PNG")
    return with_group(measured(project), Group(EVIL, nuisance=True, note=f"{EVIL}\n" * 40))


@pytest.fixture(scope="module")
def hard(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return hard_project(tmp_path_factory.mktemp("hard"))


def boxes(slide: Any) -> Iterator[tuple[Any, float]]:
    """Shapes with text on a slide, and the height that their text needs, in inches."""
    for shape in shapes_of(slide):
        lines = shape.text_frame.paragraphs if shape.has_text_frame else []
        fonts = [run.font for line in lines for run in line.runs]
        if fonts:  # else it is the number of the slide
            size, bold = fonts[0].size.pt, bool(fonts[0].bold)
            width = 72 * shape.width / Inches(1)
            count = sum(line_count(line.text, width, size, bold=bold) for line in lines)
            yield shape, count * size * LINE_HEIGHT / 72


@pytest.mark.parametrize("sizes", [(4,), (2,) * 60, None], ids=["1 cluster", "60 clusters", "hostile"])
def test_nothing_leaves_its_place(sizes: tuple[int, ...] | None, hard: Project, tmp_path: Path) -> None:
    project = hard if sizes is None else made_project(tmp_path / "lot", sizes)
    slides = list(deck(project).slides)
    partition = project.partition
    assert len(slides) == 2 + len(partition.clusters) + bool(len(partition.outliers))
    for slide in slides[:12]:
        for shape in shapes_of(slide):
            assert shape.left >= 0
            assert shape.top >= 0
            assert shape.left + shape.width <= Inches(13.34)
            assert shape.top + shape.height <= Inches(7.5)
        for shape, needed in boxes(slide):
            assert needed <= shape.height / Inches(1) + 0.12, shape.text_frame.text
        drawn = [s for s in slide.shapes if s.shape_type in (MSO_SHAPE_TYPE.GROUP, MSO_SHAPE_TYPE.TABLE)]
        for a in drawn:
            for b in drawn:
                apart = a.left + a.width <= b.left or a.top + a.height <= b.top
                assert a is b or apart or b.left + b.width <= a.left or b.top + b.height <= a.top
    (chart,) = [shape.chart for shape in slides[1].shapes if shape.has_chart]
    assert sum(chart.plots[0].series[0].values) == len(project.images)
    assert len(list(chart.plots[0].categories)) <= 21


def test_images_that_cannot_be_read_are_reported_on_their_slide(hard: Project) -> None:
    page = first_page(hard)
    unreadable = sum(image.picture is None for image in page.pictures)
    assert unreadable
    slide = deck(hard).slides[2]
    assert text_of(slide).count("The image cannot be read") == unreadable
    assert f"{unreadable} of those shown cannot be read" in text_of(slide)


def test_a_name_that_looks_like_a_formula_stays_text_in_the_workbook_of_the_chart(tmp_path: Path) -> None:
    project = with_group(made_project(tmp_path / "lot"), Group("=1+1"))
    (chart,) = [shape.chart for shape in deck(project).slides[1].shapes if shape.has_chart]
    book = openpyxl.load_workbook(io.BytesIO(chart.part.chart_workbook.xlsx_part.blob))
    cell = book.worksheets[0]["A2"]
    assert (cell.value, cell.data_type) == ("=1+1", "s")


def test_where_most_images_have_no_defect_there_is_no_median(tmp_path: Path) -> None:
    project = measured(made_project(tmp_path / "lot", (6,)))
    none = replace(project.images.images[0].measured or Measurements(0, 0, 0, 0, 0, 0, 0, 1), defects=0)
    images = tuple(
        replace(image, measured=none) if number < 4 else image
        for number, image in enumerate(project.images.images)
    )
    page = first_page(replace(project, images=replace(project.images, images=images)))
    assert dict(page.measurements) == {"Images with defects": "2 of 6", "Noise": "4.2 grey levels"}


def test_an_info_bar_is_left_out_where_a_scale_bar_replaces_it(tmp_path: Path) -> None:
    project = made_project(tmp_path / "lot", (6,))
    images = tuple(replace(image, info_bar=8) for image in project.images.images)
    project = replace(project, images=replace(project.images, images=images))
    sizes = [
        image.size for each in (project, measured(project)) if (image := first_page(each).pictures[0].picture)
    ]
    assert sizes == [(100, 80), (100, 60)]


def test_text_is_shortened_in_the_middle_or_at_its_end() -> None:
    assert shortened("short.png", 200, 9) == "short.png"
    assert shortened("a" * 300, 60, 9).endswith("…")
    name = shortened("a" * 300 + "-042.png", 90, 9, middle=True)
    assert name.endswith("42.png")
    assert "…" in name
    assert shortened("a\nb\x07", 200, 9) == "a b\\x07"
    assert paragraphs("one two\nthree", 500, 12, 5) == ["one two", "three"]
    assert paragraphs("word " * 1000, 100, 12, 3)[-1].endswith("…")
    assert paragraphs("any", 100, 12, 0) == ["…"]


def test_slides_are_written_to_a_new_file_only(tmp_path: Path) -> None:
    project = made_project(tmp_path / "lot")
    file = tmp_path / "lot.pptx"
    request = SlidesRequest(file, DAY)
    assert export_slides(project, request, SilentReporter()) == 0
    written = file.read_bytes()
    with pytest.raises(InputError, match="already exists"):
        export_slides(project, request, SilentReporter())
    project.images.absolute(0).unlink()
    assert export_slides(project, replace(request, replace=True), SilentReporter()) == 1
    assert file.read_bytes() != written
    with pytest.raises(InputError, match=r"end in \.pptx"):
        export_slides(project, SlidesRequest(tmp_path / "lot.ppt", DAY), SilentReporter())
    with pytest.raises(InputError, match="there is no folder"):
        export_slides(project, SlidesRequest(tmp_path / "no" / "lot.pptx", DAY), SilentReporter())
    for path in (tmp_path / "lot").iterdir():
        path.unlink()
    with pytest.raises(WorkbenchError, match="none of the images"):
        export_slides(project, SlidesRequest(tmp_path / "new.pptx", DAY), SilentReporter())
    assert sorted(os.listdir(tmp_path)) == ["lot", "lot.pptx"]
