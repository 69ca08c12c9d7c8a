"""Tables of single defects in a result folder: where each is, and the counts of each image."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from defect_workbench.core.images.defect_items import SearchedImage
from defect_workbench.core.images.image_records import ImageRecord
from defect_workbench.core.project.decisions import OUTLIERS
from defect_workbench.storage.files.csv_cells import safe_path, safe_text, table_text
from defect_workbench.storage.result.manifest import Row

ITEM_COLUMNS = (
    *("path", "klarf", "defect_id", "wafer", "x_um", "y_um", "die_x", "die_y"),
    *("parent", "x1", "y1", "x2", "y2"),
)
_NOT_FROM_WAFER_MAPS = ("",) * 7


def items_text(rows: Iterable[Row], images: Mapping[str, ImageRecord]) -> str:
    """Return `items.csv`: the parent and the box of each defect.

    Parameters
    ----------
    images : mapping of str to ImageRecord
        By path.
    """
    lines = []
    for row in rows:
        origin = images[row.path].origin
        if origin is not None:
            corners = (str(value) for value in origin.box)
            lines.append((safe_path(row.path), *_NOT_FROM_WAFER_MAPS, safe_path(origin.parent), *corners))
    return table_text(ITEM_COLUMNS, lines)


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
        counts.setdefault(images[row.path].file, Counter())[row.label] += 1
    lines = (
        (safe_path(path), str(each.total()), *(str(each[label]) for label in labels))
        for path, each in counts.items()
    )
    return table_text(("path", "count", *map(safe_text, labels)), lines)
