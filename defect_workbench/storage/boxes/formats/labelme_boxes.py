"""LabelMe: one JSON file per image, with rectangles, polygons, circles and lines; each becomes its box."""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import hypot
from typing import Any

from defect_workbench.storage.boxes.box_format import (
    BoxedImage,
    BoxFormat,
    Entry,
    Parsed,
    numbers_of,
    one_file_each,
)
from defect_workbench.storage.boxes.json_lines import items_of, read_object


def _recognises(text: str) -> bool:
    return text.lstrip().startswith("{") and '"shapes"' in text and '"annotations"' not in text


def _parse(text: str, names: Sequence[str]) -> Parsed:
    return Parsed([_entry(line, shape) for line, shape in items_of(read_object(text), "shapes")])


def _entry(line: int, shape: Any) -> Entry:
    if not isinstance(shape, dict) or not isinstance(shape.get("points"), list) or not shape["points"]:
        return Entry(line, problem="the shape has no points")
    try:
        if not all(isinstance(point, list) and len(point) == 2 for point in shape["points"]):
            raise ValueError("a point is not a pair of numbers")
        points = [numbers_of(point) for point in shape["points"]]
    except ValueError as error:
        return Entry(line, problem=str(error))
    xs, ys = [point[0] for point in points], [point[1] for point in points]
    corners = (min(xs), min(ys), max(xs), max(ys))
    if shape.get("shape_type") == "circle" and len(points) == 2:
        radius = hypot(xs[1] - xs[0], ys[1] - ys[0])
        corners = (xs[0] - radius, ys[0] - radius, xs[0] + radius, ys[0] + radius)
    label = shape.get("label")
    return Entry(line, corners, label if isinstance(label, str) else "")


def _write(images: Sequence[BoxedImage]) -> dict[str, str]:
    return one_file_each(images, ".json", _text)


def _text(image: BoxedImage) -> str:
    shapes: list[dict[str, Any]] = [
        {
            "label": box.label,
            "points": [[box.x1, box.y1], [box.x2, box.y2]],
            "group_id": None,
            "shape_type": "rectangle",
            "flags": {},
        }
        for box in image.boxes
    ]
    content: dict[str, Any] = {
        "version": "5.0.0",
        "flags": {},
        "shapes": shapes,
        "imagePath": image.path.rpartition("/")[2],
        "imageData": None,
        "imageHeight": image.height,
        "imageWidth": image.width,
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


# The file may contain the image itself.
ENTRY = BoxFormat("labelme", "LabelMe JSON", ".json", 256_000_000, _recognises, _parse, _write)
