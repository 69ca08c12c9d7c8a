"""Annotations as CSV, one row per image."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from defect_workbench.storage.files.csv_cells import safe_path, safe_text, table_text
from defect_workbench.storage.result.annotation_formats.annotation import Annotation, AnnotationFormat

_FILE = "annotations.csv"
_COLUMNS = ("file", "label", "split", "width", "height", "sha256", "path")


def _write(annotations: Sequence[Annotation], earlier: Path | None) -> Mapping[str, str]:
    lines: list[Sequence[object]] = []
    if earlier is not None and (earlier / _FILE).is_file():
        reader = csv.reader(io.StringIO((earlier / _FILE).read_text(encoding="utf-8"), newline=""))
        lines += list(reader)[1:]
    lines += [
        (safe_path(a.file), safe_text(a.label), a.split, a.width, a.height, a.sha256, safe_path(a.path))
        for a in annotations
    ]
    return {_FILE: table_text(_COLUMNS, lines)}


ENTRY = AnnotationFormat("csv", "CSV", (_FILE,), _write)
