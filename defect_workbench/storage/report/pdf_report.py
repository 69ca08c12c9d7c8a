"""Reports as PDF: A4 pages laid out by reportlab."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reportlab import rl_config
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import (
    CondPageBreak,
    Flowable,
    Image,
    KeepTogether,
    LongTable,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
)

from defect_workbench.core.progress import Reporter
from defect_workbench.storage.files.atomic import replacing
from defect_workbench.storage.report.pdf_fonts import BOLD, FONT, markup, register_fonts, text_width
from defect_workbench.storage.report.report_content import (
    CaptionedImage,
    CellMark,
    ContactSheet,
    EncodedImage,
    ImageGrid,
    Report,
    ReportFigures,
    ReportTable,
    ReportText,
    Section,
    TextStyle,
)

# Points.
_SIDE, _TOP, _BOTTOM = 46.0, 46.0, 52.0
_INNER = A4[0] - 2 * _SIDE
_MAX_IMAGE_HEIGHT = 600.0  # leaves room for the heading on the page
_CELL = 8.0
_GAP = 7.0
_SHEET_POINTS = 0.52  # points per pixel of a contact sheet: ten thumbnails fill the width
_SAMPLED_ROWS = 60
_GRID_COLUMNS = 4
# A cell that is higher than a page cannot be laid out.
_MAX_CELL = 1200
_INK, _SOFT, _RULE, _WARN = (HexColor(c) for c in ("#15181c", "#5c6570", "#d7dbe0", "#5b4300"))
_WARN_BACKGROUND = HexColor("#fff4d6")
_MARKS = {CellMark.HIT: HexColor("#d3e6df"), CellMark.MISS: HexColor("#edd2cb")}


def _style(name: str, size: float, **values: Any) -> ParagraphStyle:
    standard = {"fontName": FONT, "fontSize": size, "leading": 1.4 * size, "textColor": _INK}
    return ParagraphStyle(name, **{**standard, **values})


_TITLE = _style("title", 20, fontName=BOLD, spaceAfter=4)
_HEADING = _style("heading", 12.5, fontName=BOLD, spaceBefore=16, spaceAfter=4)
_SMALL_HEADING = _style("small heading", 10, fontName=BOLD, spaceBefore=10, spaceAfter=3)
_NOTE = _style("note", 9, spaceAfter=3)
_CAPTION = _style("caption", 8, textColor=_SOFT, spaceBefore=3)
_TEXTS = {
    TextStyle.BODY: _NOTE,
    TextStyle.SOFT: _style("soft", 9, textColor=_SOFT, spaceAfter=3),
    TextStyle.WARNING: _style(
        "warning",
        9,
        textColor=_WARN,
        backColor=_WARN_BACKGROUND,
        borderPadding=5,
        spaceBefore=12,
        spaceAfter=8,
    ),
    TextStyle.FIGURE: _style("figure", 22, spaceBefore=8, spaceAfter=2),
}
_CELLS = _style("cell", _CELL)
_NUMBERS = _style("number", _CELL, alignment=TA_RIGHT)
_HEADER = _style("header", _CELL, fontName=BOLD)
_NUMBER_HEADER = _style("number header", _CELL, fontName=BOLD, alignment=TA_RIGHT)


def write_pdf(path: Path, report: Report, reporter: Reporter) -> None:
    """Write a report as PDF.

    Raises
    ------
    OSError
        If it cannot be written.
    Cancelled
        If the user cancels.
    """
    register_fonts()
    story: list[Flowable] = [_text(report.title, _TITLE)]
    story += [_text(line, _TEXTS[TextStyle.SOFT]) for line in report.lead]
    story += [_text(warning, _TEXTS[TextStyle.WARNING]) for warning in report.warnings]
    for section in report.sections:
        reporter.check()
        story += _section(section)

    def footer(canvas: Any, document: Any) -> None:
        canvas.setFont(FONT, 7)
        canvas.setFillColor(_SOFT)
        canvas.drawRightString(A4[0] - _SIDE, 26, str(document.page))
        line = Paragraph(markup(report.name), _style("footer", 7, textColor=_SOFT))
        line.wrap(_INNER - 40, 20)
        line.drawOn(canvas, _SIDE, 24)
        reporter.check()

    with replacing(path) as draft, _binary_streams():
        document = SimpleDocTemplate(
            str(draft),
            pagesize=A4,
            leftMargin=_SIDE - 6,  # the frame has a padding of 6
            rightMargin=_SIDE - 6,
            topMargin=_TOP,
            bottomMargin=_BOTTOM,
            title=report.name,
            creator="Defect Workbench",
        )
        document.build(story, onFirstPage=footer, onLaterPages=footer)


@contextmanager
def _binary_streams() -> Iterator[None]:
    """Let reportlab write compressed bytes as they are: as text, they take more room and most of the time."""
    before = rl_config.useA85
    rl_config.useA85 = 0
    try:
        yield
    finally:
        rl_config.useA85 = before


def _text(text: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(markup(text), style)


def _section(section: Section) -> list[Flowable]:
    match section:
        case ReportText():
            heading = [_text(section.title, _HEADING)] if section.title else []
            return [*heading, _text(section.text, _TEXTS[section.style])]
        case ReportTable():
            return _table(section)
        case ReportFigures():
            return _figures(section)
        case ContactSheet():
            return [_sheet(section)]
        case ImageGrid():
            return _grid(section)


def _figures(section: ReportFigures) -> list[Flowable]:
    drawings: list[Sequence[Flowable]] = []
    widths = []
    for figure in section.figures:
        width, height = figure.size
        drawing = Image(io.BytesIO(figure.draw("png")), width, height)
        drawings.append([drawing, _text(figure.caption, _CAPTION)])
        widths.append(width + _GAP)
    heading = [_text(section.title, _HEADING)] if section.title else [Spacer(1, 8)]
    beside = Table(
        [drawings], widths, hAlign="LEFT", style=[*_NO_PADDING, ("VALIGN", (0, 0), (-1, -1), "TOP")]
    )
    return [KeepTogether([*heading, beside])]


_NO_PADDING: list[tuple[Any, ...]] = [
    ("LEFTPADDING", (0, 0), (-1, -1), 0),
    ("RIGHTPADDING", (0, 0), (-1, -1), _GAP),
    ("TOPPADDING", (0, 0), (-1, -1), 2),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
]


def _sheet(sheet: ContactSheet) -> Flowable:
    square = f'<font name="{FONT}" color="{sheet.colour}">\u25a0</font> '
    parts = [
        Paragraph(square + markup(sheet.title), _HEADING),
        _text(sheet.words, _TEXTS[TextStyle.SOFT]),
    ]
    if sheet.typical:
        parts.append(_row_of_images(sheet.typical))
    if sheet.measurements:
        medians = "  ·  ".join(f"{name} {value}" for name, value in sheet.measurements)
        parts.append(_text(f"Measurements (medians): {medians}", _CAPTION))
    if sheet.definition:
        parts += [_text(line, _NOTE) for line in _shortened(f"Definition: {sheet.definition}").split("\n")]
    if sheet.note:
        parts += [_text(line, _NOTE) for line in _shortened(sheet.note).split("\n")]
    if sheet.picture is not None:
        width, height = (side * _SHEET_POINTS for side in (sheet.picture.width, sheet.picture.height))
        scale = min(1.0, _INNER / width, _MAX_IMAGE_HEIGHT / height)
        data = io.BytesIO(sheet.picture.data)
        parts += [Spacer(1, 4), Image(data, width * scale, height * scale, hAlign="LEFT")]
    return KeepTogether(parts)


def _row_of_images(images: Sequence[CaptionedImage]) -> Flowable:
    """Return images side by side, as wide as a sixth of the page each."""
    width = _INNER / 6
    cells = []
    for item in images:
        cell: list[Flowable] = [] if item.picture is None else [_fitted(item.picture, width - _GAP)]
        cells.append([*cell, _text(": ".join(filter(None, item.lines)), _CAPTION)])
    style = [*_NO_PADDING, ("VALIGN", (0, 0), (-1, -1), "BOTTOM")]
    return Table([cells], [width] * len(cells), hAlign="LEFT", style=style)


def _fitted(picture: EncodedImage, side: float) -> Image:
    scale = side / max(picture.width, picture.height)
    data = io.BytesIO(picture.data)
    return Image(data, picture.width * scale, picture.height * scale, hAlign="LEFT")


def _grid(section: ImageGrid) -> list[Flowable]:
    width = _INNER / _GRID_COLUMNS
    cells: list[Sequence[Flowable]] = []
    for item in section.pictures:
        lines: list[Flowable] = []
        if item.picture is not None:
            lines += [_fitted(item.picture, width - 2 * _GAP), Spacer(1, 3)]
        lines += [_text(line, _HEADER if number == 0 else _CELLS) for number, line in enumerate(item.lines)]
        cells.append(lines)
    rows = [cells[start : start + _GRID_COLUMNS] for start in range(0, len(cells), _GRID_COLUMNS)]
    if rows:
        rows[-1] = [*rows[-1], *[[] for _ in range(_GRID_COLUMNS - len(rows[-1]))]]
    note = [_text(section.note, _TEXTS[TextStyle.SOFT])] if section.note else []
    heading = [CondPageBreak(120), _text(section.title, _HEADING), *note]
    grid = Table(rows, [width] * _GRID_COLUMNS, style=[*_NO_PADDING, ("VALIGN", (0, 0), (-1, -1), "TOP")])
    return [*heading, grid] if rows else heading


def _table(table: ReportTable) -> list[Flowable]:
    parts: list[Flowable] = [
        CondPageBreak(90),
        _text(table.title, _SMALL_HEADING if table.part else _HEADING),
    ]
    if table.note:
        parts.append(_text(table.note, _NOTE))
    if table.rows:
        parts.append(_grid_of_cells(table))
    if table.after:
        parts.append(_text(table.after, _CAPTION))
    return parts


def _grid_of_cells(table: ReportTable) -> Flowable:
    header = any(table.columns)
    lines = [_line(table.columns, table, header=True)] if header else []
    lines += [_line(row, table, header=False) for row in table.rows]
    style = [
        *_NO_PADDING,
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, _RULE),
        *([("LINEBELOW", (0, 0), (-1, 0), 0.7, _SOFT)] if header else []),
        *_backgrounds(table, 1 if header else 0),
    ]
    return LongTable(lines, _widths(table), style=style, repeatRows=1 if header else 0, hAlign="LEFT")


def _backgrounds(table: ReportTable, first: int) -> Iterator[tuple[Any, ...]]:
    for (row, column), mark in table.marks.items():
        place = (column, row + first)
        yield ("BACKGROUND", place, place, _MARKS[mark])


def _line(cells: Sequence[str], table: ReportTable, *, header: bool) -> list[Paragraph]:
    text, number = (_HEADER, _NUMBER_HEADER) if header else (_CELLS, _NUMBERS)
    return [
        _text(_shortened(cell), number if index in table.numbers else text)
        for index, cell in enumerate(cells)
    ]


def _shortened(cell: str) -> str:
    return cell if len(cell) <= _MAX_CELL else f"{cell[:_MAX_CELL]}…"


def _widths(table: ReportTable) -> list[float]:
    """Return the column widths: as needed if they fit; else the widest columns are reduced."""
    natural = []
    for index, name in enumerate(table.columns):
        cells = (row[index][:200] for row in table.rows[:_SAMPLED_ROWS])
        widest = max((text_width(cell, _CELL) for cell in cells), default=0.0)
        natural.append(max(widest, text_width(name, _CELL, bold=True)) + _GAP + 1)
    spare = _INNER - sum(natural)
    if spare >= 0:
        last = len(natural) - 1
        if last not in table.numbers:
            natural[last] += spare
        return natural
    # Find the width that all wider columns are reduced to.
    low, high = 0.0, max(natural)
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if sum(min(w, middle) for w in natural) < _INNER else (low, middle)
    return [min(width, low) for width in natural]
