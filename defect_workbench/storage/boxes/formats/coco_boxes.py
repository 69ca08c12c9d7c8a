"""COCO: one JSON file for a set of images, with boxes `[x, y, width, height]`.

Source: T.-Y. Lin et al., "Microsoft COCO: common objects in context", ECCV (2014).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from defect_workbench.storage.boxes.box_format import (
    BoxedImage,
    BoxFormat,
    Entry,
    Parsed,
    corners_of,
    labels_of,
)
from defect_workbench.storage.boxes.json_lines import Items, items_of, read_object


def _recognises(text: str) -> bool:
    return text.lstrip().startswith("{") and '"annotations"' in text and '"images"' in text


def _parse(text: str, names: Sequence[str]) -> Parsed:
    values = read_object(text)
    images = _named(items_of(values, "images"), "file_name")
    categories = _named(items_of(values, "categories") if "categories" in values else [], "name")
    entries = [_entry(line, item, images, categories) for line, item in items_of(values, "annotations")]
    return Parsed(entries, sorted(set(images.values())))


def _named(items: Items, key: str) -> dict[object, str]:
    """Return the name of each item by its id; items without a name or an id are left out."""
    return {
        item["id"]: item[key]
        for _, item in items
        if isinstance(item, dict) and isinstance(item.get("id"), int | str) and isinstance(item.get(key), str)
    }


def _entry(line: int, item: Any, images: Mapping[object, str], categories: Mapping[object, str]) -> Entry:
    if not isinstance(item, dict):
        return Entry(line, problem="the annotation is not an object")
    number, kind = item.get("image_id"), item.get("category_id")
    if not isinstance(number, int | str) or number not in images:
        return Entry(line, problem=f"there is no image with the id {number!r:.40}")
    image = images[number]
    if item.get("iscrowd") == 1:
        return Entry(line, image=image, problem="it marks a group, not a single defect")
    box = item.get("bbox")
    if not isinstance(box, list) or len(box) != 4:
        return Entry(line, image=image, problem="it has no box [x, y, width, height]")
    try:
        left, top, width, height = corners_of(box)
    except ValueError as error:
        return Entry(line, image=image, problem=str(error))
    label = categories.get(kind, str(kind)) if isinstance(kind, int | str) else ""
    return Entry(line, (left, top, left + width, top + height), label, image)


def _write(images: Sequence[BoxedImage]) -> dict[str, str]:
    labels = labels_of(images)
    numbered = list(enumerate(images, start=1))
    found = [(number, box) for number, image in numbered for box in image.boxes]
    content = {
        "images": [
            {"id": number, "file_name": image.path, "width": image.width, "height": image.height}
            for number, image in numbered
        ],
        "categories": [{"id": number, "name": label} for number, label in enumerate(labels, start=1)],
        "annotations": [
            {
                "id": number,
                "image_id": image,
                "category_id": labels.index(box.label) + 1,
                "bbox": [box.x1, box.y1, box.x2 - box.x1, box.y2 - box.y1],
                "area": (box.x2 - box.x1) * (box.y2 - box.y1),
                "iscrowd": 0,
            }
            for number, (image, box) in enumerate(found, start=1)
        ],
    }
    return {"boxes.json": json.dumps(content, ensure_ascii=False, indent=1) + "\n"}


ENTRY = BoxFormat("coco", "COCO JSON", ".json", 1_000_000_000, _recognises, _parse, _write)
