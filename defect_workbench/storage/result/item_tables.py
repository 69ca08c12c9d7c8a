"""Tables of single defects in a result folder: where each is, and the counts of each image."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from defect_workbench.core.images.defect_items import SearchedImage
from defect_workbench.core.images.image_records import ImageRecord
from defect_workbench.core.project.decisions import OUTLIERS
from defect_workbench.core.result_files import COUNTS, of_run
from defect_workbench.core.safe_reading import open_regular
from defect_workbench.core.wafer.inspection import NO_SOURCE, Inspection
from defect_workbench.core.wafer.wafer_places import NO_WAFER
from defect_workbench.storage.files.csv_cells import safe_path, safe_text, table_text
from defect_workbench.storage.result.manifest import Row

ITEM_COLUMNS = (
    *("path", "klarf", "defect_id", "wafer", "x_um", "y_um", "die_x", "die_y"),
    *("parent", "x1", "y1", "x2", "y2"),
)
_NO_RECORD, _NO_ORIGIN = ("",) * 7, ("",) * 5


def items_text(rows: Iterable[Row], images: Sequence[ImageRecord], inspection: Inspection | None) -> str:
    """Return `items.csv`: the record of each image in an inspection file, and parent and box of a defect.

    Parameters
    ----------
    images : sequence of ImageRecord
    inspection : Inspection or None
        What inspection files say about them.
    """
    index_of = {image.path: index for index, image in enumerate(images)}
    lines = []
    for row in rows:
        index = index_of[row.path]
        record = _NO_RECORD if inspection is None else _record(inspection, index)
        lines.append((safe_path(row.path), *record, *_origin(images[index])))
    return table_text(ITEM_COLUMNS, lines)


def _record(inspection: Inspection, index: int) -> tuple[str, ...]:
    """Return the cells from `klarf` to `die_y`."""
    file = int(inspection.file_of[index])
    if file == NO_SOURCE:
        return _NO_RECORD
    places = inspection.places
    wafer = int(places.wafer_of[index])
    name = "" if wafer == NO_WAFER else places.wafers[wafer].name
    numbers = (places.x_um, places.y_um, places.die_x, places.die_y)
    cells = ("" if not np.isfinite(each[index]) else f"{float(each[index]):.10g}" for each in numbers)
    klarf = safe_path(inspection.files[file].path)
    return klarf, str(int(inspection.defect_id[index])), safe_text(name), *cells


def _origin(image: ImageRecord) -> tuple[str, ...]:
    """Return the cells from `parent` on."""
    if image.origin is None:
        return _NO_ORIGIN
    return safe_path(image.origin.parent), *(str(value) for value in image.origin.box)


def counts_text(
    rows: Sequence[Row], images: Mapping[str, ImageRecord], searched: Iterable[SearchedImage]
) -> str:
    """Return `counts.csv`: the number of defects of each image, and of each label.

    Parameters
    ----------
    searched : iterable of SearchedImage
        Every image has a row, those without a defect included.
    """
    cluster_of = {row.label: row.cluster for row in rows if not row.outlier}
    labels = sorted(cluster_of, key=lambda label: (cluster_of[label], label))
    if any(row.outlier for row in rows):
        labels.append(OUTLIERS)
    counts: dict[str, Counter[str]] = {each.path: Counter() for each in searched}
    for row in rows:
        counts.setdefault(images[row.path].whole, Counter())[row.label] += 1
    lines = (
        (safe_path(path), str(each.total()), *(str(each[label]) for label in labels))
        for path, each in counts.items()
    )
    return table_text(("path", "count", *map(safe_text, labels)), lines)


def clean_before(out: Path, runs: int) -> frozenset[str]:
    """Return the cells of the images without a defect in the counts that an export and its additions wrote.

    Parameters
    ----------
    runs : int
        1 plus the number of additions so far.
    """
    listed: set[str] = set()
    for run in range(1, runs + 1):
        path = out / of_run(COUNTS, run)
        if path.exists():
            with open_regular(path) as stream, io.TextIOWrapper(stream, "utf-8", newline="") as text:
                listed.update(row[0] for row in csv.reader(text) if row[1:2] == ["0"])
    return frozenset(listed)


def not_counted_yet(
    rows: Iterable[Row],
    images: Mapping[str, ImageRecord],
    searched: Iterable[SearchedImage],
    clean: Collection[str],
) -> tuple[SearchedImage, ...]:
    """Return the images of an addition that no earlier run counted.

    An image whose defects are all in the export already was counted with them.

    Parameters
    ----------
    rows : iterable of Row
        The defects that are added.
    clean : collection of str
        Images without a defect that were counted before, as `clean_before` returns them.
    """
    added = {images[row.path].whole for row in rows}
    return tuple(
        each for each in searched if each.path in added or not (each.defects or safe_path(each.path) in clean)
    )
