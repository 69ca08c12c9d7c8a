"""The report on paper: A4 pages drawn by matplotlib."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from matplotlib import font_manager, rc_context
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from defect_workbench.core.progress import Reporter
from defect_workbench.core.project.project_state import Project
from defect_workbench.storage.files.atomic import replacing
from defect_workbench.storage.report.contact_sheets import Sheet
from defect_workbench.storage.report.figures import draw_dendrogram
from defect_workbench.storage.report.measurement_table import measurement_tables
from defect_workbench.storage.report.report_content import (
    NO_WEIGHTS,
    ReportTable,
    cut_table,
    drawing_caption,
    file_tables,
    headline,
    outlier_tables,
    side_tables,
)

# Points.
_WIDTH, _HEIGHT = 595.0, 842.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 46.0, 46.0, 50.0, 46.0
_INNER = _WIDTH - _LEFT - _RIGHT
_TEXT, _SMALL, _HEAD, _TITLE = 9.0, 8.0, 12.5, 20.0
_LEAD = 1.4
_SOFT, _INK, _RULE = "#5c6570", "#15181c", "#d7dbe0"
_PAD = 7.0
_ROWS_ON_PAPER = 120
_SHEET_POINTS = 0.52  # of paper for a pixel of a contact sheet: ten thumbnails fill the width
# Where one of these is installed, names in its script are written out.
_MORE_FONTS = (
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Yu Gothic",
    "Microsoft YaHei",
    "Malgun Gothic",
    "PingFang SC",
)


def write_pdf(
    path: Path,
    project: Project,
    facts: Mapping[str, str],
    tables: Sequence[ReportTable],
    sheets: Sequence[Sheet],
    reporter: Reporter,
) -> None:
    """Write the report as PDF; the parameters are those of `report.report_html` and the page's file."""
    name = project.images.root.name
    families = ["DejaVu Sans", *(f for f in _MORE_FONTS if f in set(font_manager.get_font_names()))]
    with (
        warnings.catch_warnings(),
        rc_context({"font.family": families, "pdf.fonttype": 42}),
        replacing(path) as draft,
    ):
        # A sign that no font has is drawn as a box; the HTML report shows it.
        warnings.filterwarnings("ignore", message=".*[Gg]lyph.*missing.*")
        with _Pages(draft, f"{name}: defect clusters") as pages:
            pages.text(name or "/", _TITLE, bold=True)
            pages.text(headline(project), _TEXT, _SOFT)
            pages.text(" · ".join(facts[k] for k in ("Made at", "Made by") if k in facts), _TEXT, _SOFT)
            pages.space(6)
            if project.analysis.backbone is None:
                pages.text(NO_WEIGHTS, _TEXT, "#5b4300")
            _add_dendrogram(pages, project)
            for table in cut_table(project):
                pages.table(table)
            for sheet in sheets:
                reporter.check()
                pages.sheet(sheet)
            more = (*tables, *measurement_tables(project), *side_tables(project))
            for table in (*more, *outlier_tables(project), *file_tables(project)):
                reporter.check()
                pages.table(table)
            pages.table(ReportTable("How this was made", ("", ""), tuple(facts.items())))


def _add_dendrogram(pages: _Pages, project: Project) -> None:
    caption, analysis = drawing_caption(project), project.analysis
    if not caption:
        return
    pages.text("Dendrogram", _HEAD, bold=True, before=10)
    height = 190.0
    pages.need(height + 20)
    with rc_context({"font.size": 7.5}):
        bottom = (pages.y - height + 16) / _HEIGHT
        place = (
            (_LEFT + 28) / _WIDTH,
            bottom,
            (_INNER - 28) / _WIDTH,
            (height - 22) / _HEIGHT,
        )
        axes = pages.figure.add_axes(place)
        if analysis.tree is not None:
            draw_dendrogram(axes, analysis.tree, project.clusters, f"{len(project.images):,} images")
        elif analysis.exemplar_tree is not None:
            draw_dendrogram(axes, analysis.exemplar_tree, None, f"{len(analysis.exemplars):,} exemplars")
    pages.y -= height
    pages.text(caption, _SMALL, _SOFT)


class _Pages:
    """Pages that are filled from the top; what does not fit goes onto the next."""

    def __init__(self, path: Path, title: str) -> None:
        metadata = {"Title": title, "Creator": "Defect Workbench", "CreationDate": None}
        self._pdf = PdfPages(path, metadata=metadata)
        self._title = title
        self._number = 0
        self._fonts = {
            bold: FT2Font(font_manager.findfont(f"DejaVu Sans:{'bold' if bold else 'normal'}"))
            for bold in (False, True)
        }
        self._advances: dict[tuple[str, bool], float] = {}
        self.y = 0.0
        self._turn()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._finish()
        self._pdf.close()  # type: ignore[no-untyped-call]

    def _turn(self) -> None:
        self.figure = Figure(figsize=(_WIDTH / 72, _HEIGHT / 72))
        self._number += 1
        self.y = _HEIGHT - _TOP

    def _finish(self) -> None:
        self._put(self._fit(self._title, 7, _INNER - 40), _LEFT, 26, 7, _SOFT)
        self._put(str(self._number), _WIDTH - _RIGHT, 26, 7, _SOFT, right=True)
        self._pdf.savefig(self.figure)  # type: ignore[no-untyped-call]

    def need(self, height: float) -> None:
        """Go to the next page if this one has less room."""
        if self.y - height < _BOTTOM:
            self._finish()
            self._turn()

    def space(self, height: float) -> None:
        """Leave room."""
        self.y -= height

    def _put(
        self,
        text: str,
        x: float,
        y: float,
        size: float,
        colour: str = _INK,
        *,
        bold: bool = False,
        right: bool = False,
    ) -> None:
        # Names are no formulas: a dollar sign must not start one.
        self.figure.text(
            x / _WIDTH,
            y / _HEIGHT,
            text,
            fontsize=size,
            color=colour,
            fontweight="bold" if bold else "normal",
            ha="right" if right else "left",
            va="baseline",
            parse_math=False,
        )

    def width(self, text: str, size: float, *, bold: bool = False) -> float:
        """Of a line, in points."""
        return size * sum(self._advance(sign, bold) for sign in text)

    def _advance(self, sign: str, bold: bool) -> float:
        """Of one sign, in ems; each is asked of the font once, as a long table has many words."""
        key = (sign, bold)
        if key not in self._advances:
            font = self._fonts[bold]
            font.set_size(100.0, 72.0)
            known = font.get_char_index(ord(sign)) != 0
            # Another font may have it; signs that few fonts have are as wide as they are high.
            wide = font.load_char(ord(sign)).linearHoriAdvance / 65536 / 100 if known else 1.0
            self._advances[key] = wide
        return self._advances[key]

    def _fit(self, text: str, size: float, width: float) -> str:
        lines = self._wrap(text, size, width)
        return lines[0] if len(lines) == 1 else lines[0][:-1] + "…"

    def _wrap(self, text: str, size: float, width: float, *, bold: bool = False) -> list[str]:
        """Break a text into lines, inside words where it must be."""
        lines: list[str] = []
        line = ""
        for word in _printable(text).split():
            joined = f"{line} {word}" if line else word
            if self.width(joined, size, bold=bold) <= width:
                line = joined
                continue
            if line:
                lines.append(line)
            line = word
            while self.width(line, size, bold=bold) > width and len(line) > 1:
                low, high = 1, len(line) - 1
                while low < high:
                    middle = (low + high + 1) // 2
                    if self.width(line[:middle], size, bold=bold) <= width:
                        low = middle
                    else:
                        high = middle - 1
                lines.append(line[:low])
                line = line[low:]
        return [*lines, line] if line or not lines else lines

    def text(
        self, text: str, size: float, colour: str = _INK, *, bold: bool = False, before: float = 0.0
    ) -> None:
        """A paragraph over the whole width."""
        if not text.strip():
            return
        self.y -= before
        for line in self._wrap(text, size, _INNER, bold=bold):
            self.need(size * _LEAD)
            self.y -= size * _LEAD
            self._put(line, _LEFT, self.y + 0.3 * size, size, colour, bold=bold)

    def sheet(self, sheet: Sheet) -> None:
        """A cluster's name and pictures."""
        width, height = (side * _SHEET_POINTS for side in sheet.picture.size)
        scale = min(1.0, _INNER / width)
        width, height = width * scale, height * scale
        self.need(height + 44)
        self.y -= 12
        self.y -= _HEAD * _LEAD
        square = Rectangle(
            (_LEFT / _WIDTH, (self.y + 3) / _HEIGHT),
            9 / _WIDTH,
            9 / _HEIGHT,
            transform=self.figure.transFigure,
            facecolor=sheet.colour,
        )
        self.figure.add_artist(square)
        label = self._fit(sheet.label, _HEAD, _INNER - 20)
        self._put(label, _LEFT + 15, self.y + 0.3 * _HEAD, _HEAD, bold=True)
        self.text(sheet.words, _SMALL, _SOFT)
        self.y -= 4 + height
        axes = self.figure.add_axes((_LEFT / _WIDTH, self.y / _HEIGHT, width / _WIDTH, height / _HEIGHT))
        axes.imshow(np.asarray(sheet.picture), aspect="auto", interpolation="none")
        axes.set_axis_off()

    def table(self, table: ReportTable) -> None:
        """A heading, a sentence and rows; the header is repeated on each page."""
        self.need(90)
        self.text(table.title, _HEAD, bold=True, before=16)
        self.y -= 2
        self.text(table.note, _TEXT)
        if table.rows:
            self.y -= 3
            rows = table.rows[:_ROWS_ON_PAPER]
            widths = self._widths(table, rows)
            if any(table.columns):
                self._row(table.columns, widths, table.numbers, bold=True)
            for row in rows:
                lines = self._height(row, widths)
                if self.y - lines * _SMALL * _LEAD - 5 < _BOTTOM:
                    self.need(_HEIGHT)
                    if any(table.columns):
                        self._row(table.columns, widths, table.numbers, bold=True)
                self._row(row, widths, table.numbers)
            if len(table.rows) > len(rows):
                more = len(table.rows) - len(rows)
                self.text(f"and {more:,} more, listed in the HTML report", _SMALL, _SOFT, before=3)
        self.text(table.after, _SMALL, _SOFT, before=3)

    def _widths(self, table: ReportTable, rows: Sequence[Sequence[str]]) -> list[float]:
        """Of the columns: what they need where there is room, else the wide ones give way."""
        natural = []
        for i, name in enumerate(table.columns):
            cells = [row[i] for row in rows[:60]]
            wide = max((self.width(_printable(c)[:200], _SMALL) for c in cells), default=0.0)
            natural.append(max(wide, self.width(name, _SMALL, bold=True)) + _PAD + 1)
        over = sum(natural) - _INNER
        if over <= 0:
            natural[-1] += 0 if len(natural) - 1 in table.numbers else -over
            return natural
        # All columns above one width are cut to it.
        low, high = 0.0, max(natural)
        for _ in range(30):
            middle = (low + high) / 2
            low, high = (middle, high) if sum(min(w, middle) for w in natural) < _INNER else (low, middle)
        return [min(width, low) for width in natural]

    def _height(self, row: Sequence[str], widths: Sequence[float]) -> int:
        return max(len(self._wrap(c, _SMALL, w - _PAD)) for c, w in zip(row, widths, strict=True))

    def _row(
        self, row: Sequence[str], widths: Sequence[float], numbers: frozenset[int], *, bold: bool = False
    ) -> None:
        cells = [self._wrap(c, _SMALL, w - _PAD, bold=bold) for c, w in zip(row, widths, strict=True)]
        x, most = _LEFT, 1
        for index, (lines, width) in enumerate(zip(cells, widths, strict=True)):
            # A cell never fills more than a page.
            lines = lines[:60]
            most = max(most, len(lines))
            for number, line in enumerate(lines):
                y = self.y - (number + 1) * _SMALL * _LEAD + 0.1 * _SMALL
                right = index in numbers
                at = x + width - _PAD if right else x
                self._put(line, at, y, _SMALL, bold=bold, right=right)
            x += width
        self.y -= most * _SMALL * _LEAD + 3
        span = [_LEFT / _WIDTH, (_WIDTH - _RIGHT) / _WIDTH]
        rule = Line2D(
            span,
            [self.y / _HEIGHT] * 2,
            transform=self.figure.transFigure,
            color=_SOFT if bold else _RULE,
            linewidth=0.7 if bold else 0.4,
        )
        self.figure.add_artist(rule)
        self.y -= 2


def _printable(text: str) -> str:
    """Control characters would be drawn as boxes or break the file."""
    return "".join(c if c.isprintable() else " " if c.isspace() else "·" for c in text)
