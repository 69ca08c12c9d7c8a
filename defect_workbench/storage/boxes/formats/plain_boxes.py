"""Plain lines `x1 y1 x2 y2 type`, as DeepPCB has them; one text file per image."""

from __future__ import annotations

from collections.abc import Sequence

from defect_workbench.core.images.detections import Box
from defect_workbench.storage.boxes.box_format import (
    BoxedImage,
    BoxFormat,
    Entry,
    Parsed,
    corners_of,
    lines_of,
    one_file_each,
    one_line,
)


def _words(line: str) -> list[str]:
    return line.replace(",", " ").split()


def _recognises(text: str) -> bool:
    lines = lines_of(text)
    if not lines:
        return False
    words = _words(lines[0][1])
    try:
        # Shares of the image are YOLO's.
        return len(words) == 5 and max(corners_of(words[:4])) > 1
    except ValueError:
        return False


def _parse(text: str, names: Sequence[str]) -> Parsed:
    return Parsed([_entry(number, line) for number, line in lines_of(text)])


def _entry(number: int, line: str) -> Entry:
    words = _words(line)
    if len(words) != 5:
        return Entry(number, problem=f"{len(words)} values instead of x1 y1 x2 y2 type")
    try:
        return Entry(number, corners_of(words[:4]), words[4])
    except ValueError as error:
        return Entry(number, problem=str(error))


def _write(images: Sequence[BoxedImage]) -> dict[str, str]:
    return one_file_each(images, ".txt", lambda image: "".join(map(_line, image.boxes)))


def _line(box: Box) -> str:
    # A label is one word here.
    label = "_".join(_words(one_line(box.label))) or "_"
    return f"{box.x1:g} {box.y1:g} {box.x2:g} {box.y2:g} {label}\n"


ENTRY = BoxFormat("xyxy", "lines x1 y1 x2 y2 type", ".txt", 16_000_000, _recognises, _parse, _write)
