"""File and folder names that are valid on every system and do not collide."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f\ud800-\udfff]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?$", re.IGNORECASE)
_MAX_CHARACTERS = 120
# File systems allow 255 bytes; this leaves room for ~2, ~3, ...
_MAX_STEM_BYTES = 245
_MAX_BYTES = 255


def safe_name(name: str) -> str:
    """Return a name that is valid on Windows, macOS and Linux; a valid name is unchanged.

    Forbidden characters become '_'. Device names and empty names get a leading '_'. Trailing dots and
    spaces, which Windows drops, are removed. The stem of a name that is too long is cut.
    """
    cleaned = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", name)).rstrip(". ").lstrip()
    if not cleaned or _RESERVED.match(cleaned):
        cleaned = "_" + cleaned
    if len(cleaned) > _MAX_CHARACTERS or len(cleaned.encode()) > _MAX_STEM_BYTES:
        suffix = PurePosixPath(cleaned).suffix
        suffix = suffix if len(suffix) <= 10 else ""
        stem = cleaned[: _MAX_CHARACTERS - len(suffix)].encode()[: _MAX_STEM_BYTES - len(suffix.encode())]
        # A partial character at the end is dropped.
        cleaned = stem.decode(errors="ignore").rstrip(". ") + suffix
    return cleaned


def is_safe_name(name: str) -> bool:
    """Whether a name, possibly from an untrusted file, could come from `Names`."""
    return (
        bool(name)
        and not _FORBIDDEN.search(name)
        and not _RESERVED.match(name)
        and name == name.rstrip(". ").lstrip()
        and len(name.encode()) <= _MAX_BYTES
    )


class Names:
    """Assigns unique names within one folder, ignoring case and Unicode normalisation."""

    def __init__(self, *taken: str) -> None:
        self._taken = {self._key(name) for name in taken}
        # The last number by name, as counting from 2 for each of thousands of equal names is slow.
        self._last: dict[str, int] = {}

    def take(self, preferred: str) -> str:
        """Return a safe form of `preferred`, with ~2, ~3, ... before the extension if it is taken."""
        name = first = safe_name(preferred)
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
