"""File and folder names that every system takes and that never collide."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?$", re.IGNORECASE)
_LONGEST = 120


def safe_name(name: str) -> str:
    """A name that Windows, macOS and Linux all take; unchanged where it already is one.

    Forbidden characters become '_', names of devices and of nothing get a '_' in front, and trailing
    dots and spaces, which Windows drops, go.
    """
    cleaned = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", name)).rstrip(". ").lstrip()
    if not cleaned or _RESERVED.match(cleaned):
        cleaned = "_" + cleaned
    if len(cleaned) > _LONGEST:
        suffix = PurePosixPath(cleaned).suffix
        suffix = suffix if len(suffix) <= 10 else ""
        cleaned = cleaned[: _LONGEST - len(suffix)].rstrip(". ") + suffix
    return cleaned


class Names:
    """Gives out names within one folder, no two of which differ in case or encoding only."""

    def __init__(self, *taken: str) -> None:
        self._taken = {self._key(name) for name in taken}

    def take(self, wanted: str) -> str:
        """`wanted`, made safe; with ~2, ~3, ... before the extension where it is taken."""
        name = safe_name(wanted)
        stem, suffix = PurePosixPath(name).stem, PurePosixPath(name).suffix
        number = 1
        while self._key(name) in self._taken:
            number += 1
            name = f"{stem}~{number}{suffix}"
        self._taken.add(self._key(name))
        return name

    @staticmethod
    def _key(name: str) -> str:
        return unicodedata.normalize("NFC", name).casefold()
