"""File and folder names that every system takes and that never collide."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f\ud800-\udfff]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?$", re.IGNORECASE)
_LONGEST = 120
# File systems count bytes, 255 at most; room is left for ~2, ~3, ...
_MOST_BYTES = 245
_LIMIT_BYTES = 255


def safe_name(name: str) -> str:
    """A name that Windows, macOS and Linux all take; unchanged where it already is one.

    Forbidden characters become '_', names of devices and of nothing get a '_' in front, trailing dots and
    spaces, which Windows drops, go, and what is too long loses the end of its stem.
    """
    cleaned = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", name)).rstrip(". ").lstrip()
    if not cleaned or _RESERVED.match(cleaned):
        cleaned = "_" + cleaned
    if len(cleaned) > _LONGEST or len(cleaned.encode()) > _MOST_BYTES:
        suffix = PurePosixPath(cleaned).suffix
        suffix = suffix if len(suffix) <= 10 else ""
        stem = cleaned[: _LONGEST - len(suffix)].encode()[: _MOST_BYTES - len(suffix.encode())]
        # A character that the cut went through goes as a whole.
        cleaned = stem.decode(errors="ignore").rstrip(". ") + suffix
    return cleaned


def is_safe_name(name: str) -> bool:
    """Whether a name, out of a file that somebody else may have written, is one that `Names` could give."""
    return (
        bool(name)
        and not _FORBIDDEN.search(name)
        and not _RESERVED.match(name)
        and name == name.rstrip(". ").lstrip()
        and len(name.encode()) <= _LIMIT_BYTES
    )


class Names:
    """Gives out names within one folder, no two of which differ in case or encoding only."""

    def __init__(self, *taken: str) -> None:
        self._taken = {self._key(name) for name in taken}
        # By name, the number given last: counting from 2 for each of thousands of equal names is slow.
        self._last: dict[str, int] = {}

    def take(self, wanted: str) -> str:
        """`wanted`, made safe; with ~2, ~3, ... before the extension where it is taken."""
        name = first = safe_name(wanted)
        stem, suffix = PurePosixPath(name).stem, PurePosixPath(name).suffix
        number = self._last.get(self._key(first), 1)
        while self._key(name) in self._taken:
            number += 1
            name = f"{stem}~{number}{suffix}"
        self._last[self._key(first)] = number
        self._taken.add(self._key(name))
        return name

    @staticmethod
    def _key(name: str) -> str:
        return unicodedata.normalize("NFC", name).casefold()
