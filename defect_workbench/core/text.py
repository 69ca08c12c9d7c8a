"""Small helpers for the text that people read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

# A decimal comma counts, as tables from many countries have one.
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?\Z", re.ASCII)
# Line and paragraph separators, and marks that turn the direction of what follows.
_TURNING = frozenset("\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def counted(number: int, noun: str) -> str:
    """A number with its noun: "1 image", "2,000 images"."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def and_more(names: Sequence[str], most: int) -> str:
    """The first `most` names, and how many follow: "a, b and 3 more"."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most:,} more"


def sentence_case(text: str) -> str:
    """The text with its first letter in upper case; the others stay as they are."""
    return text[:1].upper() + text[1:]


def is_number(text: str) -> bool:
    """Whether a cell of a table is a number, with a decimal point or a decimal comma."""
    return _NUMBER.match(text) is not None


def printable(text: str, keep: str = "") -> str:
    """A text whose control characters are written out, such as `\\x1b` for escape.

    File names and what files say of themselves may hold sequences that move the cursor, change what was
    printed before, or break a line in two.

    Parameters
    ----------
    keep : str
        Characters to leave as they are, such as the line ends of a message of our own.
    """
    return "".join(
        c.encode("unicode_escape").decode("ascii") if c not in keep and _acts(c) else c for c in text
    )


def _acts(character: str) -> bool:
    return character in _TURNING or unicodedata.category(character) in ("Cc", "Cs")
