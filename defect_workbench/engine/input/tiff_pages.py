"""Single pages of a TIFF file, copied byte by byte into separate files.

Nothing is decoded, so that a page of a file with 100,000 pages costs as much as a small file, whatever its
compression. Positions are passed with every read (`pread`), so threads and processes never share one.
"""

from __future__ import annotations

import os
import struct
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from defect_workbench.core.safe_reading import open_regular

# TIFF 6.0, section 2: size of a value of each type, 1 to 13; 16 to 18 are those of BigTIFF.
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_SIZES |= {16: 8, 17: 8, 18: 8}
_STRIPS, _STRIP_BYTES, _TILES, _TILE_BYTES = 273, 279, 324, 325
# Directories of EXIF, GPS and reduced images are elsewhere in the file.
_POINTERS = frozenset({330, 34665, 34853, 40965})
_MOST_BYTES = 1024**3
_MOST_TAGS = 4096
# Files whose page positions are remembered: 8 bytes per page.
_REMEMBERED = 32


class NoSuchPageError(ValueError):
    """A page that a file does not have or whose bytes are damaged; the message is the reason."""


@dataclass(frozen=True)
class _Layout:
    """How a file is written: byte order, and the widths of classic or big TIFF."""

    order: str
    big: bool

    @property
    def offset(self) -> str:
        return self.order + ("Q" if self.big else "I")

    @property
    def width(self) -> int:
        return 8 if self.big else 4

    @property
    def count(self) -> str:
        return self.order + ("Q" if self.big else "H")

    @property
    def count_bytes(self) -> int:
        return 8 if self.big else 2

    @property
    def entry_bytes(self) -> int:
        return 20 if self.big else 12


@dataclass
class _Pages:
    """The positions of the pages of a file that were found so far."""

    layout: _Layout
    positions: list[int]
    end: bool = False
    seen: set[int] = field(default_factory=set)
    lock: Lock = field(default_factory=Lock)


@dataclass(frozen=True)
class _Tag:
    code: int
    kind: int
    count: int
    value: bytes


_known: OrderedDict[tuple[str, int, int], _Pages] = OrderedDict()
_known_lock = Lock()


def read_page(path: Path, page: int) -> bytes:
    """Return a page of a TIFF file as a TIFF file with one page.

    Parameters
    ----------
    page : int
        From 1.

    Raises
    ------
    OSError
        If the file cannot be read.
    NoSuchPageError
        If it is no TIFF file, has fewer pages, or the page is damaged.
    """
    if page < 1:
        raise NoSuchPageError(f"pages are counted from 1, so there is no page {page}")
    with open_regular(path) as stream:
        handle = _Handle(stream.fileno())
        pages = _pages_of(path, handle)
        position = _position(pages, handle, page)
        return _copied(handle, pages.layout, position)


def has_page(path: Path, page: int) -> bool:
    """Whether a file is a TIFF file that has this page; False if it cannot be read."""
    try:
        with open_regular(path) as stream:
            handle = _Handle(stream.fileno())
            _position(_pages_of(path, handle), handle, page)
    except (OSError, NoSuchPageError):
        return False
    return True


class _Handle:
    """Reads parts of a file; a position is never shared."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        status = os.fstat(descriptor)
        self.size, self.mtime_ns = status.st_size, status.st_mtime_ns

    def read(self, position: int, count: int) -> bytes:
        """Return the bytes at a position.

        Raises
        ------
        NoSuchPageError
            If the file ends before.
        """
        if position < 0 or count < 0 or position + count > self.size:
            raise NoSuchPageError("the TIFF data end early")
        parts = []
        while count:
            part = _read_at(self._descriptor, min(count, 1 << 24), position)
            if not part:
                raise NoSuchPageError("the TIFF data end early")
            parts.append(part)
            position, count = position + len(part), count - len(part)
        return b"".join(parts)


def _read_at(descriptor: int, count: int, position: int) -> bytes:
    if hasattr(os, "pread"):
        return os.pread(descriptor, count, position)
    # Each call of `read_page` has its own descriptor, so no other call moves it.
    os.lseek(descriptor, position, os.SEEK_SET)
    return os.read(descriptor, count)


def _pages_of(path: Path, handle: _Handle) -> _Pages:
    key = os.path.abspath(path), handle.size, handle.mtime_ns
    with _known_lock:
        pages = _known.get(key)
        if pages is None:
            head = handle.read(0, min(16, handle.size))
            layout, first = _header(head)
            pages = _known[key] = _Pages(layout, [first] if first else [], not first)
        _known.move_to_end(key)
        while len(_known) > _REMEMBERED:
            _known.popitem(last=False)
    return pages


def _header(head: bytes) -> tuple[_Layout, int]:
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is None or len(head) < 8:
        raise NoSuchPageError("not a TIFF file, so it has no pages")
    (version,) = struct.unpack(order + "H", head[2:4])
    if version == 42:
        return _Layout(order, False), struct.unpack(order + "I", head[4:8])[0]
    if version == 43 and len(head) == 16:
        return _Layout(order, True), struct.unpack(order + "Q", head[8:16])[0]
    raise NoSuchPageError("not a TIFF file, so it has no pages")


def _position(pages: _Pages, handle: _Handle, page: int) -> int:
    """Return where the directory of a page is; directories are followed no further than needed."""
    layout = pages.layout
    with pages.lock:
        while len(pages.positions) < page and not pages.end:
            last = pages.positions[-1]
            (tags,) = struct.unpack(layout.count, handle.read(last, layout.count_bytes))
            after = last + layout.count_bytes + tags * layout.entry_bytes
            (following,) = struct.unpack(layout.offset, handle.read(after, layout.width))
            pages.seen.add(last)
            # A directory that leads back to an earlier one would be followed forever.
            if following and following not in pages.seen:
                pages.positions.append(following)
            else:
                pages.end = True
        if len(pages.positions) < page:
            raise NoSuchPageError(f"there is no page {page}: the file has {len(pages.positions)}")
        return pages.positions[page - 1]


def _copied(handle: _Handle, layout: _Layout, position: int) -> bytes:
    tags = {tag.code: tag for tag in _tags(handle, layout, position)}
    for offsets, sizes in ((_STRIPS, _STRIP_BYTES), (_TILES, _TILE_BYTES)):
        if offsets in tags and sizes in tags:
            starts, lengths = _numbers(layout, tags[offsets]), _numbers(layout, tags[sizes])
            break
    else:
        raise NoSuchPageError("the page has no pixels")
    if len(starts) != len(lengths):
        raise NoSuchPageError("the page is damaged: its pixels are not where they should be")
    if sum(lengths) > _MOST_BYTES:
        raise NoSuchPageError(f"too large: {sum(lengths) / 1024**3:.1f} GB; the limit is 1 GB")
    data = [handle.read(start, length) for start, length in zip(starts, lengths, strict=True)]
    kept = [tag for code, tag in sorted(tags.items()) if code not in _POINTERS]
    kind, code = (16, "Q") if layout.big else (4, "I")
    # Two rounds: the positions of the pixels depend on the length of the directory.
    for _ in range(2):
        directory, begin = _directory(layout, kept)
        where, at = [], begin
        for part in data:
            where.append(at)
            at += len(part)
        moved = struct.pack(f"{layout.order}{len(where)}{code}", *where)
        kept = [_Tag(tag.code, kind, len(where), moved) if tag.code == offsets else tag for tag in kept]
    directory, _ = _directory(layout, kept)
    return directory + b"".join(data)


def _tags(handle: _Handle, layout: _Layout, position: int) -> list[_Tag]:
    (number,) = struct.unpack(layout.count, handle.read(position, layout.count_bytes))
    if number > _MOST_TAGS:
        raise NoSuchPageError("the page is damaged: its directory is too long")
    rows = handle.read(position + layout.count_bytes, number * layout.entry_bytes)
    entry = struct.Struct(layout.order + ("HHQ8s" if layout.big else "HHI4s"))
    tags = []
    for code, kind, count, value in entry.iter_unpack(rows):
        length = _SIZES.get(kind, 0) * count
        if not length:
            continue
        if length > _MOST_BYTES:
            raise NoSuchPageError("the page is damaged: a value is too long")
        if length > layout.width:
            (start,) = struct.unpack(layout.offset, value)
            value = handle.read(start, length)
        tags.append(_Tag(code, kind, count, value[:length]))
    return tags


def _numbers(layout: _Layout, tag: _Tag) -> list[int]:
    code = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}.get(tag.kind)
    if code is None:
        raise NoSuchPageError("the page is damaged: its pixels are not where they should be")
    return list(struct.unpack(f"{layout.order}{tag.count}{code}", tag.value))


def _directory(layout: _Layout, tags: list[_Tag]) -> tuple[bytes, int]:
    """Return the header and the directory of a file with one page, and where its pixels begin."""
    order = layout.order
    mark = b"II" if order == "<" else b"MM"
    if layout.big:
        header = mark + struct.pack(order + "HHHQ", 43, 8, 0, 16)
    else:
        header = mark + struct.pack(order + "HI", 42, 8)
    entries, values = [], []
    end = len(header) + layout.count_bytes + len(tags) * layout.entry_bytes + layout.width
    for tag in tags:
        value = tag.value
        if len(value) > layout.width:
            values.append(value + b"\0" * (len(value) % 2))
            value = struct.pack(layout.offset, end)
            end += len(values[-1])
        wide = order + ("HHQ" if layout.big else "HHI")
        entries.append(struct.pack(wide, tag.code, tag.kind, tag.count) + value.ljust(layout.width, b"\0"))
    count = struct.pack(layout.count, len(tags))
    return header + count + b"".join(entries) + b"\0" * layout.width + b"".join(values), end
