"""Replace a few bytes of a file and leave all others as they are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from defect_workbench.storage.klarf.klarf_tokens import line_ends


class Splice(NamedTuple):
    """Bytes to put in place of those between two offsets."""

    start: int
    end: int
    new: bytes


def spliced(source: bytes, splices: Iterable[Splice]) -> bytes:
    """Return the source with some bytes replaced, and its own line ends. Splices must not overlap."""
    has_returns = line_ends(source) == b"\r"
    parts: list[bytes] = []
    at = 0
    for splice in sorted(splices, key=lambda splice: (splice.start, splice.end)):
        if splice.start < at:
            raise ValueError("splices overlap")
        new = splice.new.replace(b"\n", b"\r") if has_returns else splice.new
        parts += (source[at : splice.start], new)
        at = splice.end
    parts.append(source[at:])
    return b"".join(parts)


def indent_at(data: bytes, at: int) -> bytes:
    """Return the white space between the beginning of a line and an offset; empty if more is there."""
    before = data[data.rfind(b"\n", 0, at) + 1 : at]
    return b"" if before.strip(b" \t") else before
