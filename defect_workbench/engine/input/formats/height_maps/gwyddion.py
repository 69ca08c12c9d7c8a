"""Files of the program Gwyddion.

Source: Gwyddion's user guide, "Gwyddion native data files". The package gwyfile is not used because it never
returns on a string without a terminating NUL, cannot read character arrays, and copies the rest of the file
for every component.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from defect_workbench.engine.input.formats.height_maps.height_map import HeightMap, as_image, choose_channel
from defect_workbench.engine.input.formats.image_format import Decoded, ImageFormat

_MARK = b"GWYP"
_MOST_NESTED = 50
_NUMBERS = {b"b": "<?", b"c": "<c", b"i": "<i", b"q": "<q", b"d": "<d"}
_ARRAYS = {b"C": "<u1", b"I": "<i4", b"Q": "<i8", b"D": "<f8"}


class _Parser:
    """Parses the objects of a file; raises EOFError if the data end early, ValueError if they are invalid."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = len(_MARK)

    def object(self, depth: int = 0) -> dict[str, Any]:
        """Return the components, by name, of the object at the current position."""
        if depth > _MOST_NESTED:
            raise ValueError("nested too deeply")
        self._text()  # its type
        end = self._number("<I") + self._at
        if end > len(self._data):
            raise EOFError
        components = {}
        while self._at < end:
            name = self._text()
            components[name] = self._component(self._take(1), depth)
        return components

    def _component(self, kind: bytes, depth: int) -> Any:
        if kind in _NUMBERS:
            return self._number(_NUMBERS[kind])
        if kind == b"s":
            return self._text()
        if kind == b"o":
            return self.object(depth + 1)
        if kind in _ARRAYS:
            dtype = np.dtype(_ARRAYS[kind])
            return np.frombuffer(self._take(self._number("<I") * dtype.itemsize), dtype)
        if kind == b"S":
            return self._several(self._text)
        if kind == b"O":
            return self._several(lambda: self.object(depth + 1))
        raise ValueError("a component of an unknown type")

    def _several(self, read: Callable[[], Any]) -> list[Any]:
        return [read() for _ in range(self._number("<I"))]

    def _take(self, size: int) -> bytes:
        if self._at + size > len(self._data):
            raise EOFError
        self._at += size
        return self._data[self._at - size : self._at]

    def _number(self, code: str) -> Any:
        return struct.unpack(code, self._take(struct.calcsize(code)))[0]

    def _text(self) -> str:
        end = self._data.find(b"\0", self._at)
        if end < 0:
            raise EOFError
        return self._take(end + 1 - self._at)[:-1].decode("utf-8", "replace")


def _height_map(data: bytes) -> HeightMap:
    content = _Parser(data).object()
    numbers = {
        str(title): match.group(1)
        for key, title in content.items()
        if (match := re.fullmatch(r"/(\d+)/data/title", key))
    }
    if numbers:
        channel = choose_channel(list(numbers))
        number = numbers[channel]
    else:
        channel = ""
        untitled = [match.group(1) for key in content if (match := re.fullmatch(r"/(\d+)/data", key))]
        if not untitled:
            raise ValueError("it has no channel")
        number = min(untitled, key=int)
    field = content[f"/{number}/data"]
    values = np.asarray(field["data"], np.float64).reshape(int(field["yres"]), int(field["xres"]))
    lateral = str(field.get("si_unit_xy", {}).get("unitstr", ""))
    size = float(field["xreal"]) / int(field["xres"]) * 1e9 if lateral == "m" else None
    unit = str(field.get("si_unit_z", {}).get("unitstr", ""))
    return (
        HeightMap(values * 1e9, size, "nm", channel)
        if unit == "m"
        else HeightMap(values, size, unit, channel)
    )


def _recognises(head: bytes, extension: str) -> bool:
    return head.startswith(_MARK)


def _read(data: bytes) -> Decoded:
    return as_image(_height_map(data), ENTRY.name)


ENTRY = ImageFormat("Gwyddion", "Gwyddion (AFM)", (".gwy",), _recognises, _read)
