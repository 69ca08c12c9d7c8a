"""Annotations as COCO-style JSON, one file for each set of a split.

The labels are of whole images. Where nobody drew a box, COCO annotations carry none: a box around the
whole image would teach a detector that everything is the defect.
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


def _write(found: Sequence[Annotation], earlier: Path | None) -> Mapping[str, str]:
    files = {}
    for split, file in _FILES.items():
        if split and not found:
            continue
        mine = [item for item in found if item.split == split]
        old = earlier / file if earlier is not None and (earlier / file).is_file() else None
        if mine or old is not None:
            files[file] = _text(mine, found, old)
    return files


def _text(mine: Sequence[Annotation], everything: Sequence[Annotation], old: Path | None) -> str:
    """One file; its categories are those of all sets, so that a number means the same in each."""
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
    for label in sorted({a.label for a in everything} - set(numbers)):
        numbers[label] = max(numbers.values(), default=0) + 1
        state["categories"].append({"id": numbers[label], "name": label, "supercategory": "defect"})
    number = max((int(image["id"]) for image in state["images"]), default=0)
    for a in mine:
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
