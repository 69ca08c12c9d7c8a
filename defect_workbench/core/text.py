"""Helpers for text that is shown to the user."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

# A decimal comma is accepted, as tables from many countries have one.
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?\Z", re.ASCII)
_FIGURES = re.compile(r" \([^()]*\d[^()]*\)")
# Line and paragraph separators, and marks that change the direction of the text.
_SEPARATORS_AND_DIRECTIONS = frozenset("\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: "1 image", "2,000 images", "3 classes"."""
    return f"{number:,} {noun}" + ("" if number == 1 else "es" if noun.endswith(("s", "x", "ch")) else "s")


def duration(seconds: float) -> str:
    """Return a duration in words, such as `45 s`, `12 min` or `1 h 5 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def and_more(names: Sequence[str], limit: int) -> str:
    """Return the first `limit` names and the number of the others: "a, b and 3 more"."""
    shown = ", ".join(names[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit:,} more"


def sentence_case(text: str) -> str:
    """Return the text with its first letter in upper case and the rest unchanged."""
    return text[:1].upper() + text[1:]


def without_figures(text: str) -> str:
    """Return a text without what is in parentheses and has digits, such as "(silhouette 0.45)"."""
    return _FIGURES.sub("", text)


def is_number(text: str) -> bool:
    """Whether a cell of a table is a number, with a decimal point or a decimal comma."""
    return _NUMBER.match(text) is not None


def printable(text: str, keep: str = "") -> str:
    """Return a text with control characters escaped, such as `\\x1b` for escape.

    File names and metadata may contain sequences that move the cursor, overwrite printed text, or break a
    line.

    Parameters
    ----------
    keep : str
        Characters to leave unchanged, such as the line ends of our own messages.
    """
    return "".join(
        c.encode("unicode_escape").decode("ascii") if c not in keep and _is_control(c) else c for c in text
    )


def _is_control(character: str) -> bool:
    return character in _SEPARATORS_AND_DIRECTIONS or unicodedata.category(character) in ("Cc", "Cs")


def ordinal(number: int) -> str:
    """Return an ordinal: "1st", "2nd", "3rd", "4th", "11th"."""
    endings = {1: "st", 2: "nd", 3: "rd"}
    ending = "th" if number % 100 in (11, 12, 13) else endings.get(number % 10, "th")
    return f"{number:,}{ending}"
