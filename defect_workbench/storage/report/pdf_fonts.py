"""Fonts of the PDF report: DejaVu Sans, embedded, and others for characters that it lacks."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import cache
from itertools import groupby
from pathlib import Path
from xml.sax.saxutils import escape

FONT = "DejaVuSans"
BOLD = "DejaVuSans-Bold"
# Fonts with Chinese, Japanese and Korean characters; the first usable one is embedded.
_EAST_ASIAN = (
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Yu Gothic",
    "MS Gothic",
    "Microsoft YaHei",
    "Malgun Gothic",
    "PingFang SC",
    "WenQuanYi Zen Hei",
    "Droid Sans Fallback",
)
# Not embedded: the viewer has them.
_JAPANESE, _KOREAN = "HeiseiKakuGo-W5", "HYGothic-Medium"


def leave_removed_working_folder() -> None:
    """Change to the root folder if the working folder was removed: importing reportlab fails in it."""
    try:
        os.getcwd()
    except OSError:
        os.chdir(os.path.sep)


def register_fonts() -> None:
    """Register the fonts; repeated calls do nothing."""
    _glyphs()


@cache
def _glyphs() -> frozenset[int]:
    """Code points that DejaVu Sans has."""
    leave_removed_working_folder()
    import matplotlib
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfbase.ttfonts import TTFont

    # Part of matplotlib, so it is always installed.
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    for name in (FONT, BOLD):
        pdfmetrics.registerFont(TTFont(name, str(folder / f"{name}.ttf")))
    pdfmetrics.registerFontFamily(FONT, normal=FONT, bold=BOLD, italic=FONT, boldItalic=BOLD)
    for name in (_JAPANESE, _KOREAN):
        pdfmetrics.registerFont(UnicodeCIDFont(name))
    return frozenset(pdfmetrics.getFont(FONT).face.charToGlyph)


@cache
def _east_asian() -> tuple[str, frozenset[int]]:
    """Return name and code points of the first usable font of `_EAST_ASIAN`; empty if there is none."""
    from matplotlib import font_manager
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFError, TTFont

    installed = set(font_manager.get_font_names())
    for name in _EAST_ASIAN:
        if name in installed:
            try:
                font = TTFont(name, font_manager.findfont(name))
            except (TTFError, OSError):  # PostScript outlines cannot be embedded
                continue
            pdfmetrics.registerFont(font)
            return name, frozenset(font.face.charToGlyph)
    return "", frozenset()


def _font_of(character: str) -> str:
    """Return the font for a character; "" for the font of the paragraph."""
    code = ord(character)
    if code in _glyphs():
        return ""
    name, glyphs = _east_asian()
    if code in glyphs:
        return name
    if 0x1100 <= code <= 0x11FF or 0x3130 <= code <= 0x318F or 0xAC00 <= code <= 0xD7AF:
        return _KOREAN
    if 0x2E80 <= code <= 0x9FFF or 0xF900 <= code <= 0xFAFF or 0xFF00 <= code <= 0xFFEF:
        return _JAPANESE
    return ""


def _runs(text: str, font_of: Callable[[str], str]) -> Iterator[tuple[str, str]]:
    for font, characters in groupby(text, font_of):
        yield font, "".join(characters)


def markup(text: str) -> str:
    """Return a text as markup for reportlab: escaped, without control characters, with font changes."""
    shown = "".join(c if c.isprintable() else " " if c.isspace() else "·" for c in text)
    return "".join(
        f'<font name="{font}">{escape(run)}</font>' if font else escape(run)
        for font, run in _runs(shown, _font_of)
    )


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Return the width of a line in points."""
    from reportlab.pdfbase.pdfmetrics import stringWidth

    own = BOLD if bold else FONT
    return sum(float(stringWidth(run, font or own, size)) for font, run in _runs(text, _font_of))
