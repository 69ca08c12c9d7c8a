"""A project as slides (PPTX): title, images per cluster, a slide per cluster, the outliers."""

from __future__ import annotations

import datetime
import io
import math
from collections.abc import Callable, Sequence
from typing import Any

from pptx import Presentation
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.oxml import parse_xml
from pptx.util import Inches, Pt

from defect_workbench.core.progress import Reporter
from defect_workbench.core.project.class_library import ClassLibrary
from defect_workbench.core.project.palette import NEUTRAL
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.text import counted, sentence_case
from defect_workbench.storage.files.fixed_archives import with_fixed_times
from defect_workbench.storage.report.cluster_pages import ClusterPage, PageImage, PageMaker
from defect_workbench.storage.report.project_report import NO_WEIGHTS, dendrogram_figure
from defect_workbench.storage.report.report_content import Thumbnail
from defect_workbench.storage.report.slides.slide_chart import Bar, add_bars
from defect_workbench.storage.report.slides.slide_shapes import (
    CAPTION,
    INK,
    RULE,
    SOFT,
    WARN,
    Box,
    add_page_image,
    add_rectangle,
    add_text,
    colour,
    describe,
    write_text_into,
)
from defect_workbench.storage.report.text_fitting import LINE_HEIGHT, clean, line_count, paragraphs, shortened

# Inches.
WIDTH, HEIGHT = 13.333, 7.5
_SIDE = 0.6
_INNER = WIDTH - 2 * _SIDE
_TOP, _BOTTOM = 1.6, 6.9
_ASIDE = 3.3
_GAP = 0.2
_FIGURE_HEIGHT = 3.6
_LEAST_COLUMN = 1.5
PICTURE_PIXELS = 560
_MOST_BARS = 20
_TITLE_ONLY = 5  # of the layouts of the default template


def slides_file(
    project: Project,
    created: datetime.date,
    thumbnail: Thumbnail,
    reporter: Reporter,
    classes: ClassLibrary | None = None,
    more: Sequence[Callable[[Deck], None]] = (),
) -> bytes:
    """Return the slides as a PPTX file, 16:9; the same project and date give the same bytes.

    An image that cannot be read is an empty frame that says so.

    Parameters
    ----------
    created : datetime.date
        The date on the title slide and in the properties of the file.
    thumbnail : callable
        Returns grey or RGB pixels of an image file, at most as large as the given side, or None.
    classes : ClassLibrary, optional
        Where the definitions of named clusters are.
    more : sequence of callable
        Add further slides to the presentation, after the images per cluster.

    Raises
    ------
    Cancelled
        If the user cancels.
    """
    partition = project.partition
    reporter.stage("Making the slides", len(partition.clusters) + 1)
    deck = Deck(project.name, created)
    maker = PageMaker(project, thumbnail, PICTURE_PIXELS, classes or ClassLibrary())
    _title_slide(deck, project)
    _overview_slide(deck, project, maker)
    for add in more:
        add(deck)
    # One or two pictures fill the slide.
    close = PageMaker(project, thumbnail, 2 * PICTURE_PIXELS, classes or ClassLibrary())
    for number, cluster in enumerate(partition.clusters):
        reporter.check()
        _page_slide(deck, (maker if len(cluster.members) > 2 else close).of_cluster(number))
        reporter.advance()
    reporter.check()
    if len(partition.outliers):
        _page_slide(deck, maker.of_outliers())
    reporter.advance()
    return deck.file()


class Deck:
    """A presentation whose slides have a title and a footer.

    Parameters
    ----------
    subject : str
        What it is about, for the footers.
    created : datetime.date
        The date in the footers and in the properties of the file.
    """

    def __init__(self, subject: str, created: datetime.date) -> None:
        self.subject, self.created = subject, created
        self._deck = Presentation()
        self._make_wide()
        at = datetime.datetime.combine(created, datetime.time())
        properties = self._deck.core_properties
        properties.title = f"{clean(subject)[:200]}: defect clusters"
        properties.author = properties.last_modified_by = "Defect Workbench"
        properties.created = properties.modified = at
        properties.revision = 1

    def _make_wide(self) -> None:
        """Stretch the master and the layouts, which are 4:3, so that slides added later fit too."""
        before = self._deck.slide_width or Inches(10)
        factor = Inches(WIDTH) / before
        self._deck.element.sldSz.attrib.pop("type", None)  # "screen4x3"
        self._deck.slide_width, self._deck.slide_height = Inches(WIDTH), Inches(HEIGHT)
        for page in (self._deck.slide_master, *self._deck.slide_layouts):
            for shape in page.placeholders:
                own = shape.element.spPr.find(f"{{{_DRAWING}}}xfrm")
                if own is not None:  # else it is where the master has it
                    shape.left, shape.width = round(shape.left * factor), round(shape.width * factor)

    def add(self, title: Sequence[str], box: Box, size: float) -> Any:
        """Add a slide with a title that must already fit; return its shapes."""
        slide = self._deck.slides.add_slide(self._deck.slide_layouts[_TITLE_ONLY])
        heading = slide.shapes.title
        heading.left, heading.top, heading.width, heading.height = (Inches(value) for value in box)
        write_text_into(
            heading.text_frame, title, size, bold=True, align=PP_ALIGN.LEFT, anchor=MSO_ANCHOR.MIDDLE
        )
        return slide.shapes

    def add_footer(self, shapes: Any) -> None:
        """Add the subject, the date and the number of the slide."""
        words = shortened(f"{self.subject}  ·  {self.created.isoformat()}", 72 * (_INNER - 1), 9, middle=True)
        add_text(shapes, (_SIDE, 7.1, _INNER - 1, 0.2), words, 9, ink=SOFT)
        number = add_text(shapes, (_SIDE + _INNER - 0.8, 7.1, 0.8, 0.2), "", 9, align=PP_ALIGN.RIGHT)
        paragraph = number.text_frame.paragraphs[0]._p
        paragraph.remove(paragraph.r_lst[0])
        paragraph.append(
            parse_xml(
                f'<a:fld xmlns:a="{_DRAWING}" id="{{8E5B5B7A-3D5C-4F0B-9B0E-1D2C3B4A5F60}}" type="slidenum">'
                f'<a:rPr lang="en-US" sz="900"><a:solidFill><a:srgbClr val="{SOFT[1:]}"/></a:solidFill>'
                f"</a:rPr><a:t>{len(self._deck.slides)}</a:t></a:fld>"
            )
        )

    def file(self) -> bytes:
        """Return the presentation as a file."""
        stream = io.BytesIO()
        self._deck.save(stream)
        return with_fixed_times(stream.getvalue())


_DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"


def _title_slide(deck: Deck, project: Project) -> None:
    partition = project.partition
    figure = dendrogram_figure(project)
    top = 0.5 if figure is not None else 2.2
    size = 40 if len(deck.subject) <= 30 else 28
    title = shortened(deck.subject, 72 * _INNER, size, bold=True, middle=True)
    shapes = deck.add([title], (_SIDE, top, _INNER, 0.8), size)
    words = f"Defect clusters  ·  {deck.created.isoformat()}"
    add_text(shapes, (_SIDE, top + 0.8, _INNER, 0.35), words, 16, ink=SOFT)
    counts = [
        (len(project.images), project.images.noun),
        (len(partition.clusters), "cluster"),
        (len(partition.outliers), "outlier"),
    ]
    if groups := partition.outlier_group_count:
        counts.append((groups, "outlier group"))
    if project.images.rejected:
        counts.append((len(project.images.rejected), "file"))
    for column, (number, noun) in enumerate(counts):
        left = _SIDE + 2.1 * column
        add_text(shapes, (left, top + 1.3, 2.0, 0.55), f"{number:,}", 30, bold=True)
        words = counted(number, noun).partition(" ")[2] + (" not used" if noun == "file" else "")
        add_text(shapes, (left, top + 1.85, 2.0, 0.25), words, 12, ink=SOFT)
    if project.analysis.backbone is None:
        lines = paragraphs(NO_WEIGHTS, 72 * _INNER, 11, 2)
        add_text(shapes, (_SIDE, top + 2.12, _INNER, 0.4), lines, 11, ink=WARN)
    if figure is not None:
        width = _FIGURE_HEIGHT * figure.size[0] / figure.size[1]
        drawing = shapes.add_picture(
            io.BytesIO(figure.draw("png")), *(Inches(v) for v in (_SIDE, 3.02, width, _FIGURE_HEIGHT))
        )
        describe(drawing, f"Dendrogram. {figure.caption}")
        caption = shortened(figure.caption, 72 * _INNER, 11)
        add_text(shapes, (_SIDE, 3.05 + _FIGURE_HEIGHT, _INNER, 0.25), caption, 11, ink=SOFT)
    deck.add_footer(shapes)


def _overview_slide(deck: Deck, project: Project, maker: PageMaker) -> None:
    clusters = project.partition.clusters
    shown = clusters if len(clusters) <= _MOST_BARS else clusters[: _MOST_BARS - 1]
    bars = [Bar(clean(c.label), len(c.members), maker.colour(c)) for c in shown]
    rest = clusters[len(shown) :]
    if rest:
        bars.append(Bar(f"{len(rest):,} smaller clusters", sum(len(c.members) for c in rest), NEUTRAL))
    if len(project.partition.outliers):
        bars.append(Bar("Outliers", len(project.partition.outliers), NEUTRAL))
    shapes = deck.add([f"{sentence_case(project.images.noun)}s per cluster"], (_SIDE, 0.45, _INNER, 0.6), 28)
    words = f"{counted(len(project.images), project.images.noun)} in {counted(len(clusters), 'cluster')}"
    if len(project.partition.outliers):
        words += f" and {counted(len(project.partition.outliers), 'outlier')}"
    add_text(shapes, (_SIDE, 1.05, _INNER, 0.3), words, 14, ink=SOFT)
    if bars:
        add_bars(shapes, bars, (_SIDE, _TOP, _INNER, _BOTTOM - _TOP))
    deck.add_footer(shapes)


def _page_slide(deck: Deck, page: ClusterPage) -> None:
    title = shortened(page.title, 72 * (_INNER - 0.5), 28, bold=True)
    shapes = deck.add([title], (_SIDE + 0.5, 0.45, _INNER - 0.5, 0.6), 28)
    add_rectangle(shapes, (_SIDE, 0.6, 0.3, 0.3), page.colour)
    words = "  ·  ".join((counted(page.images, page.noun), *page.words))
    unreadable = sum(image.picture is None for image in page.pictures)
    if unreadable:
        words += f"  ·  {unreadable} of those shown cannot be read"
    add_text(shapes, (_SIDE, 1.08, _INNER, 0.3), shortened(words, 72 * _INNER, 14), 14, ink=SOFT)
    aside = bool(page.measurements or page.definition or page.note)
    width = _INNER - (_ASIDE + 0.4 if aside else 0.0)
    add_rectangle(shapes, (_SIDE, 1.46, _INNER, 0.012), RULE)
    for image, box in zip(page.pictures, _cells(page.pictures, width), strict=True):
        add_page_image(shapes, image, box)
    if aside:
        _add_aside(shapes, page, _SIDE + _INNER - _ASIDE)
    deck.add_footer(shapes)


def _cells(pictures: Sequence[PageImage], width: float) -> list[Box]:
    """Return the boxes of pictures: as many columns as make them largest, close together at the left."""
    height = _BOTTOM - _TOP
    shapes = [p.picture.size if p.picture is not None else (4, 3) for p in pictures]

    def sizes(columns: int) -> tuple[list[tuple[float, float]], float]:
        """Return the size of each picture in a grid, and the height of the cells."""
        rows = math.ceil(len(pictures) / columns)
        cell = (width - (columns - 1) * _GAP) / columns, (height - (rows - 1) * _GAP) / rows
        scales = [min(cell[0] / across, (cell[1] - CAPTION) / down) for across, down in shapes]
        return [(s * across, s * down) for s, (across, down) in zip(scales, shapes, strict=True)], cell[1]

    def area(columns: int) -> float:
        return round(sum(across * down for across, down in sizes(columns)[0]), 6)

    columns = max(range(1, len(pictures) + 1), key=lambda count: (area(count), -count), default=1)
    shown, down = sizes(columns)
    most = (width - (columns - 1) * _GAP) / columns
    across = min(most, max(_LEAST_COLUMN, *(size[0] for size in shown), 0.0)) if shown else most
    return [
        (_SIDE + (across + _GAP) * (i % columns), _TOP + (down + _GAP) * (i // columns), across, down)
        for i in range(len(pictures))
    ]


def _add_aside(shapes: Any, page: ClusterPage, left: float) -> None:
    """Add measurements, definition and note of a cluster, from the top down."""
    top = _TOP
    if page.measurements:
        add_text(shapes, (left, top, _ASIDE, 0.28), "Measurements (medians)", 13, bold=True)
        top += 0.34
        row = 0.3
        grid = shapes.add_table(
            len(page.measurements),
            2,
            Inches(left),
            Inches(top),
            Inches(_ASIDE),
            Inches(row * len(page.measurements)),
        )
        _plain(grid)
        grid.table.columns[0].width = Inches(1.75)
        grid.table.columns[1].width = Inches(_ASIDE - 1.75)
        for number, (name, value) in enumerate(page.measurements):
            grid.table.rows[number].height = Inches(row)
            cells = ((name, 1.75, SOFT, PP_ALIGN.LEFT), (value, _ASIDE - 1.75, INK, PP_ALIGN.RIGHT))
            for column, (words, room, ink, align) in enumerate(cells):
                cell = grid.table.cell(number, column)
                cell.margin_left = cell.margin_right = cell.margin_top = cell.margin_bottom = 0
                cell.vertical_anchor = MSO_ANCHOR.MIDDLE
                run = cell.text_frame.paragraphs[0].add_run()
                run.text = shortened(words, 72 * room, 12)
                run.font.size = Pt(12)
                run.font.color.rgb = colour(ink)
                cell.text_frame.paragraphs[0].alignment = align
        top += row * len(page.measurements) + 0.25
    texts = [(name, text) for name, text in (("Definition", page.definition), ("Note", page.note)) if text]
    for number, (name, text) in enumerate(texts):
        # The first of two leaves the second half of the room that is left.
        room = (_BOTTOM - top) / (len(texts) - number) - 0.34
        add_text(shapes, (left, top, _ASIDE, 0.28), name, 13, bold=True)
        lines = paragraphs(text, 72 * _ASIDE, 12, int(room * 72 / (12 * LINE_HEIGHT)))
        used = sum(line_count(line, 72 * _ASIDE, 12) for line in lines) * 12 * LINE_HEIGHT / 72
        add_text(shapes, (left, top + 0.34, _ASIDE, used), lines, 12)
        top += 0.34 + used + 0.2


def _plain(grid: Any) -> None:
    """Remove the colours that tables have by default."""
    grid.table.first_row = grid.table.horz_banding = False
    style = grid._element.graphic.graphicData.tbl.tblPr.find(f"{{{_DRAWING}}}tableStyleId")
    style.text = "{2D5ABB26-0587-4C30-8999-92F81FD0307C}"  # no style, no grid
