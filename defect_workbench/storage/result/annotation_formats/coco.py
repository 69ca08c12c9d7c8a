"""Annotations as COCO JSON, one file per set of a split.

Labels belong to whole images, so the annotations have no boxes: a box around the whole image would teach a
detector that everything is the defect.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from defect_workbench import __version__
from defect_workbench.core.project.splits import SPLITS
from defect_workbench.storage.result.annotation_formats.annotation import Annotation, AnnotationFormat

_FILES = {"": "annotations.json", **{name: f"annotations-{name}.json" for name in SPLITS}}


def _write(annotations: Sequence[Annotation], earlier: Path | None) -> Mapping[str, str]:
    files = {}
    for split, file in _FILES.items():
        if split and not annotations:
            continue
        in_set = [item for item in annotations if item.split == split]
        old = earlier / file if earlier is not None and (earlier / file).is_file() else None
        if in_set or old is not None:
            files[file] = _text(in_set, annotations, old)
    return files


def _text(in_set: Sequence[Annotation], annotations: Sequence[Annotation], old: Path | None) -> str:
    """Return one file. All files list the same categories, so that ids mean the same in each."""
    state: dict[str, Any] = {
        "info": {
            "description": "labels of whole images; there are no boxes",
            "version": f"defect-workbench {__version__}",
        },
        "licenses": [],
        "categories": [],
        "images": [],
        "annotations": [],
    }
    if old is not None:
        state = json.loads(old.read_text(encoding="utf-8"))
    numbers = {str(c["name"]): int(c["id"]) for c in state["categories"]}
    for label in sorted({a.label for a in annotations} - set(numbers)):
        numbers[label] = max(numbers.values(), default=0) + 1
        state["categories"].append({"id": numbers[label], "name": label, "supercategory": "defect"})
    number = max((int(image["id"]) for image in state["images"]), default=0)
    for a in in_set:
        number += 1
        state["images"].append(
            {
                "id": number,
                "file_name": a.file,
                "width": a.width,
                "height": a.height,
                "sha256": a.sha256,
                "source": a.path,
            }
        )
        state["annotations"].append(
            {"id": number, "image_id": number, "category_id": numbers[a.label], "iscrowd": 0}
        )
    return json.dumps(state, indent=1, ensure_ascii=False) + "\n"


ENTRY = AnnotationFormat("coco", "COCO (JSON)", tuple(_FILES.values()), _write)
