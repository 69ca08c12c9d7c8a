"""File and folder names that every system accepts and that never collide."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f\ud800-\udfff]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?$", re.IGNORECASE)
_LONGEST = 120
# File systems allow 255 bytes; this leaves room for ~2, ~3, ...
_MOST_BYTES = 245
_LIMIT_BYTES = 255


def safe_name(name: str) -> str:
    """A name that Windows, macOS and Linux accept; unchanged where they already do.

    Forbidden characters become '_', device names and empty names get a leading '_', trailing dots and
    spaces, which Windows drops, are removed, and a name that is too long loses the end of its stem.
    """
    cleaned = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", name)).rstrip(". ").lstrip()
    if not cleaned or _RESERVED.match(cleaned):
        cleaned = "_" + cleaned
    if len(cleaned) > _LONGEST or len(cleaned.encode()) > _MOST_BYTES:
        suffix = PurePosixPath(cleaned).suffix
        suffix = suffix if len(suffix) <= 10 else ""
        stem = cleaned[: _LONGEST - len(suffix)].encode()[: _MOST_BYTES - len(suffix.encode())]
        # A character that was cut in two is dropped.
        cleaned = stem.decode(errors="ignore").rstrip(". ") + suffix
    return cleaned


def is_safe_name(name: str) -> bool:
    """Whether `Names` could have given a name, which may come from a file that somebody else wrote."""
    return (
        bool(name)
        and not _FORBIDDEN.search(name)
        and not _RESERVED.match(name)
        and name == name.rstrip(". ").lstrip()
        and len(name.encode()) <= _LIMIT_BYTES
    )


class Names:
    """Assigns names within one folder; no two differ only in case or encoding."""

    def __init__(self, *taken: str) -> None:
        self._taken = {self._key(name) for name in taken}
        # By name, the last number: counting from 2 for each of thousands of equal names is slow.
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
