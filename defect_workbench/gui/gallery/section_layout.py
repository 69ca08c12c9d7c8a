"""Where the thumbnails of the gallery are: rows of square cells under the heading of each section."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import numpy as np
from PySide6.QtCore import QPoint, QRect

from defect_workbench.app.document.item_models import Section

GAP = 6
MARGIN = 10


class SectionLayout:
    """Maps rows of the model to content coordinates, and back.

    Content coordinates begin at the top of the first heading, however far the view is scrolled.

    Parameters
    ----------
    folded : collection of int or None
        Keys of the sections that show their heading alone.
    side : int
        Of a thumbnail, in pixels.
    width : int
        Of the viewport.
    heading : int
        Height of a heading.
    caption : int
        Height of the text below each thumbnail; 0 without any.
    """

    def __init__(
        self,
        sections: Sequence[Section],
        folded: Collection[int | None],
        side: int,
        width: int,
        heading: int,
        caption: int = 0,
    ) -> None:
        self.sections, self.side, self.heading = tuple(sections), side, heading
        self.step, self.line_step = side + GAP, side + caption + GAP
        self.columns = max(1, (width - 2 * MARGIN + GAP) // self.step)
        self._shown = [0 if section.key in folded else section.count for section in sections]
        lines = -(-np.array(self._shown, np.int64) // self.columns)
        heights = heading + lines * self.line_step + GAP
        self._tops = np.concatenate([[0], np.cumsum(heights)]).astype(np.int64)
        self._starts = np.array([section.start for section in sections], np.int64)

    @property
    def height(self) -> int:
        """The height of everything."""
        return int(self._tops[-1]) + MARGIN

    def top_of(self, number: int) -> int:
        """Return the top of a section's heading."""
        return int(self._tops[number])

    def section_at(self, y: int) -> int | None:
        """Return the number of the section at a height; None below the last one."""
        number = int(np.searchsorted(self._tops, y, side="right")) - 1
        return number if 0 <= number < len(self.sections) else None

    def in_heading(self, number: int, y: int) -> bool:
        """Whether a height within a section is in its heading."""
        return y - self.top_of(number) < self.heading

    def headings_in(self, area: QRect) -> Iterator[int]:
        """Yield the numbers of the sections that an area touches."""
        first = max(0, int(np.searchsorted(self._tops, area.top(), side="right")) - 1)
        for number in range(first, len(self.sections)):
            if self._tops[number] > area.bottom():
                return
            yield number

    def section_of_row(self, row: int) -> int:
        """Return the number of the section that holds a row; -1 without sections."""
        return int(np.searchsorted(self._starts, row, side="right")) - 1

    def rect_of(self, row: int) -> QRect:
        """Return where a row's thumbnail is."""
        number = self.section_of_row(row)
        if number < 0:
            return QRect()
        line, column = divmod(row - self.sections[number].start, self.columns)
        top = self.top_of(number) + self.heading + line * self.line_step
        return QRect(MARGIN + column * self.step, top, self.side, self.side)

    def row_at(self, place: QPoint) -> int | None:
        """Return the row whose thumbnail is at a place; None between thumbnails."""
        number = self.section_at(place.y())
        if number is None:
            return None
        line, y = divmod(place.y() - self.top_of(number) - self.heading, self.line_step)
        column, x = divmod(place.x() - MARGIN, self.step)
        inside = line >= 0 and 0 <= column < self.columns and x < self.side and y < self.side
        offset = line * self.columns + column
        return self.sections[number].start + offset if inside and offset < self._shown[number] else None

    def row_beside(self, row: int, down: bool) -> int:
        """Return the row below or above another one, across headings; itself at the end."""
        number = self.section_of_row(row)
        section = self.sections[number]
        line, column = divmod(row - section.start, self.columns)
        target = line + (1 if down else -1)
        if 0 <= target < self._lines(section):
            return section.start + min(target * self.columns + column, section.count - 1)
        beside = number + (1 if down else -1)
        if not 0 <= beside < len(self.sections):
            return row
        other = self.sections[beside]
        first = 0 if down else (self._lines(other) - 1) * self.columns
        return other.start + min(first + column, other.count - 1)

    def _lines(self, section: Section) -> int:
        return -(-section.count // self.columns)

    def runs_in(self, area: QRect) -> list[tuple[int, int]]:
        """Return the first and last row of each run of thumbnails that an area touches."""
        runs = []
        left = max(0, (area.left() - MARGIN + GAP) // self.step)
        right = min(self.columns - 1, (area.right() - MARGIN) // self.step)
        for number in self.headings_in(area):
            start = self.top_of(number) + self.heading
            section = self.sections[number]
            lines = -(-self._shown[number] // self.columns)
            top = max(0, (area.top() - start + GAP) // self.line_step)
            bottom = min(lines - 1, (area.bottom() - start) // self.line_step)
            for line in range(top, bottom + 1):
                low = line * self.columns + left
                high = min(line * self.columns + right, section.count - 1)
                if low <= high:
                    runs.append((section.start + low, section.start + high))
        return runs
