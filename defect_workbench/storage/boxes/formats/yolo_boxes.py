"""YOLO: lines `class x y width height`, as shares of the image, from the centre; one text file per image."""

from __future__ import annotations

from collections.abc import Sequence

from defect_workbench.storage.boxes.box_format import (
    BoxedImage,
    BoxFormat,
    Entry,
    Parsed,
    labels_of,
    lines_of,
    numbers_of,
    one_file_each,
    one_line,
)

_TOLERANCE = 1e-3
_NAMES = "classes.txt"


def _recognises(text: str) -> bool:
    lines = lines_of(text)
    if not lines:
        return False
    try:
        kind, *shares = numbers_of(lines[0][1].split())
    except ValueError:
        return False
    return len(shares) == 4 and kind == int(kind) and all(0 <= share <= 1 + _TOLERANCE for share in shares)


def _parse(text: str, names: Sequence[str]) -> Parsed:
    return Parsed([_entry(number, line, names) for number, line in lines_of(text)])


def _entry(number: int, line: str, names: Sequence[str]) -> Entry:
    words = line.split()
    if len(words) != 5:
        return Entry(number, problem=f"{len(words)} values instead of class x y width height")
    try:
        kind, x, y, width, height = numbers_of(words)
    except ValueError as error:
        return Entry(number, problem=str(error))
    if kind != int(kind) or kind < 0:
        return Entry(number, problem=f"the class {words[0]} is not a whole number from 0")
    if max(abs(x), abs(y), abs(width), abs(height)) > 2:
        return Entry(number, problem="the values are not shares of the image from 0 to 1")
    label = names[int(kind)] if kind < len(names) else str(int(kind))
    corners = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    return Entry(number, corners, label, relative=True)


def _write(images: Sequence[BoxedImage]) -> dict[str, str]:
    labels = labels_of(images)

    def text(image: BoxedImage) -> str:
        lines = []
        for box in image.boxes:
            x, y = (box.x1 + box.x2) / 2 / image.width, (box.y1 + box.y2) / 2 / image.height
            shares = (x, y, (box.x2 - box.x1) / image.width, (box.y2 - box.y1) / image.height)
            lines.append(" ".join([str(labels.index(box.label)), *(f"{share:.9g}" for share in shares)]))
        return "".join(f"{line}\n" for line in lines)

    names = "".join(f"{one_line(label)}\n" for label in labels)
    return one_file_each(images, ".txt", text) | {_NAMES: names}


ENTRY = BoxFormat("yolo", "YOLO", ".txt", 16_000_000, _recognises, _parse, _write, names_file=_NAMES)
