"""Text shortened to the room that it has.

Widths are those of DejaVu Sans, which is wider than the fonts of presentations.
"""

from __future__ import annotations

from defect_workbench.core.text import printable
from defect_workbench.storage.report.pdf_fonts import text_width

LINE_HEIGHT = 1.22  # in font sizes
# More of a text is not even measured.
_MOST_CHARACTERS = 2000
# XML allows neither of these two.
_NOT_IN_XML = {0xFFFE: "\ufffd", 0xFFFF: "\ufffd"}


def clean(text: str) -> str:
    """Return a text that XML can hold, with control characters escaped."""
    return printable(text.translate(_NOT_IN_XML), keep="\n")


def shortened(text: str, width: float, size: float, *, bold: bool = False, middle: bool = False) -> str:
    """Return a text that fits into one line, with … at its end or in its middle if it was cut.

    Widths are those of DejaVu Sans, which is wider than the fonts of presentations.
    """
    return _cut(clean(text).replace("\n", " "), width, size, bold, middle)


def _cut(text: str, room: float, size: float, bold: bool, middle: bool) -> str:
    if len(text) > _MOST_CHARACTERS:
        text = f"{text[: _MOST_CHARACTERS // 2]}{text[-_MOST_CHARACTERS // 2 :]}"
    if text_width(text, size, bold=bold) <= room:
        return text
    low, high = 0, len(text) - 1
    while low < high:
        kept = (low + high + 1) // 2
        if text_width(_without(text, kept, middle), size, bold=bold) <= room:
            low = kept
        else:
            high = kept - 1
    return _without(text, low, middle)


def _without(text: str, kept: int, middle: bool) -> str:
    end = kept // 2 if middle else 0
    return f"{text[: kept - end].rstrip()}…{text[len(text) - end :].lstrip()}"


def paragraphs(text: str, width: float, size: float, lines: int, *, bold: bool = False) -> list[str]:
    """Return the paragraphs of a text that fit into a box of this many lines, with … if it was cut."""
    text = clean(text).strip()

    def cut(kept: int) -> list[str]:
        return (text if kept == len(text) else f"{text[:kept].rstrip()}…").split("\n")

    low, high = 0, min(len(text), _MOST_CHARACTERS)
    while low < high:
        kept = (low + high + 1) // 2
        if sum(line_count(each, width, size, bold=bold) for each in cut(kept)) <= lines:
            low = kept
        else:
            high = kept - 1
    return cut(low)


def line_count(paragraph: str, width: float, size: float, *, bold: bool = False) -> int:
    """Return the number of lines of a paragraph that is wrapped between words."""
    count, used, space = 1, 0.0, text_width(" ", size, bold=bold)
    for word in paragraph.split():
        word_width = text_width(word, size, bold=bold)
        if used and used + space + word_width > width:
            count, used = count + 1, 0.0
        used += word_width + (space if used else 0.0)
        # A word that is longer than a line is wrapped anywhere.
        count, used = count + int(used // width), used % width
    return count
