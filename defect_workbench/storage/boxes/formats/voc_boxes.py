"""Pascal VOC: one XML file per image.

Source: M. Everingham et al., "The Pascal visual object classes challenge", IJCV 88 (2010). Pixels count from
1, and the last pixel belongs to the box.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.parsers import expat
from xml.sax.saxutils import escape

from defect_workbench.storage.boxes.box_format import (
    MOST_ENTRIES,
    BoxedImage,
    BoxFormat,
    Entry,
    Parsed,
    UnreadableBoxes,
    corners_of,
    one_file_each,
    one_line,
)

_SIDES = ("xmin", "ymin", "xmax", "ymax")
_MOST_DEPTH = 50
_MOST_TEXT = 1_000


def _recognises(text: str) -> bool:
    return "<annotation" in text[:2_000]


@dataclass
class _Reading:
    """The state while a file is read."""

    path: list[str] = field(default_factory=list)
    words: str = ""
    line: int = 0
    values: dict[str, str] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)


def _parse(text: str, names: Sequence[str]) -> Parsed:
    reading = _Reading()
    parser = expat.ParserCreate()

    def refuse(*arguments: object) -> None:
        # Entities can expand to any size, or name other files.
        raise UnreadableBoxes("it declares a document type, which is not read", parser.CurrentLineNumber)

    def start(name: str, attributes: dict[str, str]) -> None:
        reading.path.append(name)
        reading.words = ""
        if len(reading.path) > _MOST_DEPTH:
            raise UnreadableBoxes("nested too deeply", parser.CurrentLineNumber)
        if len(reading.entries) > MOST_ENTRIES:
            raise UnreadableBoxes("too many boxes", parser.CurrentLineNumber)
        if reading.path == ["annotation", "object"]:
            reading.line, reading.values = parser.CurrentLineNumber, {}

    def end(name: str) -> None:
        path, words = reading.path, reading.words.strip()
        if path == ["annotation", "object", "name"]:
            reading.values["name"] = words
        elif path[:3] == ["annotation", "object", "bndbox"] and len(path) == 4:
            reading.values[name] = words
        elif path == ["annotation", "object"]:
            reading.entries.append(_entry(reading.line, reading.values))
        path.pop()
        reading.words = ""

    def characters(data: str) -> None:
        if len(reading.words) < _MOST_TEXT:
            reading.words += data

    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = characters
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        raise UnreadableBoxes(f"not valid XML: {expat.ErrorString(error.code)}", error.lineno) from None
    return Parsed(reading.entries)


def _entry(line: int, values: dict[str, str]) -> Entry:
    missing = [side for side in _SIDES if not values.get(side)]
    if missing:
        return Entry(line, problem=f"the object has no {missing[0]}")
    try:
        left, top, right, bottom = corners_of([values[side] for side in _SIDES])
    except ValueError as error:
        return Entry(line, problem=str(error))
    return Entry(line, (left - 1, top - 1, right, bottom), values.get("name", ""))


def _write(images: Sequence[BoxedImage]) -> dict[str, str]:
    return one_file_each(images, ".xml", _text)


def _text(image: BoxedImage) -> str:
    depth = "".join(
        f"<{name}>{value}</{name}>" for name, value in (("width", image.width), ("height", image.height))
    )
    lines = ["<annotation>", f"<filename>{_escaped(image.path)}</filename>", f"<size>{depth}</size>"]
    for box in image.boxes:
        sides = zip(_SIDES, (box.x1 + 1, box.y1 + 1, box.x2, box.y2), strict=True)
        corners = "".join(f"<{name}>{value:g}</{name}>" for name, value in sides)
        lines.append(f"<object><name>{_escaped(box.label)}</name><bndbox>{corners}</bndbox></object>")
    return "\n".join([*lines, "</annotation>", ""])


def _escaped(text: str) -> str:
    return escape(one_line(text))


ENTRY = BoxFormat("voc", "Pascal VOC XML", ".xml", 16_000_000, _recognises, _parse, _write)
