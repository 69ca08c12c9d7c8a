"""Annotation files beside the labelled folders: one label an image, as COCO-style JSON or as CSV.

The labels are of whole images. Where nobody drew a box, COCO annotations carry none: a box around the
whole image would teach a detector that everything is the defect.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from defect_workbench import __version__
from defect_workbench.core.images.image_records import ImageRecord
from defect_workbench.core.project.splits import SPLITS
from defect_workbench.storage.files.csv_cells import safe_path, safe_text, table_text
from defect_workbench.storage.result.export_options import Format, set_of
from defect_workbench.storage.result.manifest import Row

CSV_NAME = "annotations.csv"
COCO_NAMES = ("annotations.json", *(f"annotations-{name}.json" for name in SPLITS))
COLUMNS = ("file", "label", "split", "width", "height", "sha256", "path")


@dataclass(frozen=True)
class Annotation:
    """One exported image with its label; outliers have none and are not listed."""

    file: str
    label: str
    split: str
    width: int
    height: int
    sha256: str
    path: str


def annotations_of(rows: Iterable[Row], images: Mapping[str, ImageRecord]) -> list[Annotation]:
    """The annotations of a manifest.

    Parameters
    ----------
    images : mapping of str to ImageRecord
        By path.
    """
    return [
        Annotation(
            row.exported_as,
            row.label,
            set_of(row.exported_as),
            images[row.path].width,
            images[row.path].height,
            row.sha256,
            row.path,
        )
        for row in rows
        if row.exported_as and not row.outlier
    ]


def annotation_files(
    found: Sequence[Annotation], formats: Sequence[Format], earlier: Path | None = None
) -> dict[str, str]:
    """The files of the chosen formats, by name.

    Parameters
    ----------
    earlier : Path, optional
        A result folder whose annotation files are to be continued.

    Raises
    ------
    ValueError, KeyError, TypeError, OSError
        If the earlier files cannot be read.
    """
    files = {}
    if Format.CSV in formats:
        files[CSV_NAME] = _csv_text(found, earlier)
    if Format.COCO in formats:
        for name in ["", *SPLITS] if found else [""]:
            mine = [item for item in found if item.split == name]
            file = f"annotations-{name}.json" if name else "annotations.json"
            old = earlier / file if earlier is not None and (earlier / file).is_file() else None
            if mine or old is not None:
                files[file] = _coco_text(mine, found, old)
    return files


def _csv_text(found: Sequence[Annotation], earlier: Path | None) -> str:
    lines: list[Sequence[object]] = []
    if earlier is not None and (earlier / CSV_NAME).is_file():
        reader = csv.reader(io.StringIO((earlier / CSV_NAME).read_text(encoding="utf-8"), newline=""))
        lines += list(reader)[1:]
    lines += [
        (
            safe_path(a.file),
            safe_text(a.label),
            a.split,
            a.width,
            a.height,
            a.sha256,
            safe_path(a.path),
        )
        for a in found
    ]
    return table_text(COLUMNS, lines)


def _coco_text(mine: Sequence[Annotation], everything: Sequence[Annotation], old: Path | None) -> str:
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
