"""Text that others wrote, made fit for a terminal."""

from __future__ import annotations

import unicodedata

# Line and paragraph separators, and marks that turn the direction of what follows.
_TURNING = frozenset("\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


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
