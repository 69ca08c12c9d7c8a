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
    """Return the source with some bytes replaced. Splices must not overlap."""
    parts: list[bytes] = []
    at = 0
    for splice in sorted(splices, key=lambda splice: (splice.start, splice.end)):
        if splice.start < at:
            raise ValueError("splices overlap")
        parts += (source[at : splice.start], splice.new)
        at = splice.end
    parts.append(source[at:])
    return b"".join(parts)


def indent_at(data: bytes, at: int) -> bytes:
    """Return the white space between the beginning of a line and an offset; empty if more is there."""
    before = data[data.rfind(b"\n", 0, at) + 1 : at]
    return b"" if before.strip(b" \t") else before
