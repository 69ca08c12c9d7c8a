"""Replace a few bytes of a file and leave all others as they are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Splice(NamedTuple):
    """Bytes to put in place of those between two offsets."""

    start: int
    end: int
    new: bytes


def spliced(source: bytes, splices: Iterable[Splice]) -> bytes:
    """Return the source with some bytes replaced. Splices must not overlap; those at one place keep their order."""
    parts: list[bytes] = []
    at = 0
    for splice in sorted(splices, key=lambda splice: (splice.start, splice.end)):
        if splice.start < at:
            raise ValueError("splices overlap")
        parts += (source[at : splice.start], splice.new)
        at = splice.end
    parts.append(source[at:])
    return b"".join(parts)
