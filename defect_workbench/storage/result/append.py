"""Adding images to an earlier export: same labels and folders, no duplicates, nothing changed."""

from __future__ import annotations

import csv
import io
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from defect_workbench.core.errors import InputError
from defect_workbench.core.images.defect_items import Items, is_item_path
from defect_workbench.core.project.decisions import OUTLIERS
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.result_files import MANIFEST
from defect_workbench.core.safe_reading import is_inside, open_regular
from defect_workbench.storage.files.csv_cells import plain_path, plain_text
from defect_workbench.storage.files.safe_names import Names, is_safe_name
from defect_workbench.storage.result.manifest import COLUMNS, Row
from defect_workbench.storage.result.reserved_names import reserved_names

_AUTOMATIC = re.compile(r"cluster-(\d+)(-auto)?(~\d+)?\Z")


@dataclass(frozen=True)
class Earlier:
    """The manifest of an earlier export.

    Attributes
    ----------
    columns : tuple of str
        Its columns, possibly with extra ones of `classify` or a later version.
    lines : tuple of tuple of str
        Its lines, as written.
    label_of : mapping of str to str
        Label of each exported image, by content hash.
    numbers : mapping of str to int
        Cluster number of each label.
    largest : int
        The largest cluster number in use.
    outlier_group_of : mapping of str to int
        Outlier group of each image that has one, by content hash.
    """

    columns: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]
    label_of: dict[str, str]
    numbers: dict[str, int]
    largest: int
    outlier_group_of: dict[str, int]


def read_earlier(out: Path) -> Earlier:
    """Read the manifest of a result folder.

    Raises
    ------
    InputError
        If it cannot be read, or names files outside the folder.
    """
    path = out / MANIFEST
    try:
        with open_regular(path) as stream, io.TextIOWrapper(stream, "utf-8", newline="") as text:
            columns, *lines = csv.reader(text)
        missing = [c.name for c in COLUMNS if c.required and c.name not in columns]
        if missing or len(set(columns)) != len(columns):
            raise ValueError(f"the column {missing[0]} is missing" if missing else "a column appears twice")
        if any(len(line) != len(columns) for line in lines):
            raise ValueError("a line has the wrong number of cells")
        label_of, numbers, group_of, largest = {}, {}, {}, 0
        for line in lines:
            row = dict(zip(columns, line, strict=True))
            label, number = plain_text(row["label"]), int(row["cluster"])
            exported_as = plain_path(row["exported_as"])
            if not is_safe_name(label) or (exported_as and not is_inside(exported_as)):
                raise InputError(f"{path} names a file outside its folder; nothing was added")
            largest = max(largest, number)
            if exported_as:
                label_of[row["sha256"]] = label
            if row["outlier"] != "true":
                numbers[label] = number
            if row.get("outlier_group"):
                group_of[row["sha256"]] = int(row["outlier_group"])
    except InputError:
        raise
    except (OSError, ValueError, IndexError, csv.Error) as error:
        raise InputError(f"{path} cannot be read ({error}); nothing was added") from error
    kept = tuple(tuple(line) for line in lines)
    return Earlier(tuple(columns), kept, label_of, numbers, largest, group_of)


def check_same_items(out: Path, earlier: Earlier, items: Items) -> None:
    """Check that what is added is of the same kind as what an export has.

    Raises
    ------
    InputError
        If single defects would be mixed with whole images.
    """
    column = earlier.columns.index("path")
    if not earlier.lines:
        return
    has = Items.DEFECTS if is_item_path(earlier.lines[0][column]) else Items.PICTURES
    if has is not items:
        words = {Items.DEFECTS: "single defects", Items.PICTURES: "whole images"}
        raise InputError(
            f"{out} is an export of {words[has]}, to which {words[items]} cannot be added; nothing was added"
        )


def new_rows(project: Project, rows: Sequence[Row], earlier: Earlier) -> tuple[list[Row], list[str]]:
    """Return the rows to add, with labels and numbers that agree with the earlier export.

    A named cluster is added to the folder of that name. An unnamed cluster gets the label that most of its
    images already have there, else a new number, as "cluster-01" of another session is a different cluster.

    Returns
    -------
    rows : list of Row
        Rows of the images to add; `without_collisions` still has to check their `exported_as`.
    already : list of str
        Paths of images whose content already exists there or among the added images.
    """
    labels = _labels(project, rows, earlier)
    groups = _outlier_groups(rows, earlier)
    numbers, largest = dict(earlier.numbers), earlier.largest
    seen = set(earlier.label_of)
    added, already = [], []
    for row in rows:
        if not row.exported_as:
            continue
        if row.sha256 in seen:
            already.append(row.path)
            continue
        seen.add(row.sha256)
        label = row.label if row.outlier else labels[row.label]
        if row.outlier or label not in numbers:
            largest += 1
            number = largest
            if not row.outlier:
                numbers[label] = number
        else:
            number = numbers[label]
        name = row.exported_as.rsplit("/", 1)[-1]
        nearest = labels.get(row.nearest_cluster, row.nearest_cluster)
        added.append(
            replace(
                row,
                label=label,
                cluster=number,
                nearest_cluster=nearest,
                exported_as=f"{label}/{name}",
                outlier_group=groups.get(row.outlier_group),
            )
        )
    return added, already


def _outlier_groups(rows: Sequence[Row], earlier: Earlier) -> dict[int | None, int]:
    """Return the number in the earlier export for each outlier group of the new one.

    It is that of its images that already are in an outlier group there, else a new number.
    """
    largest = max(earlier.outlier_group_of.values(), default=0)
    result: dict[int | None, int] = {}
    for group in sorted({row.outlier_group for row in rows if row.outlier_group is not None}):
        known = Counter(
            earlier.outlier_group_of[row.sha256]
            for row in rows
            if row.outlier_group == group and row.sha256 in earlier.outlier_group_of
        )
        if known:
            result[group] = min(known, key=lambda number: (-known[number], number))
        else:
            largest += 1
            result[group] = largest
    return result


def _labels(project: Project, rows: Sequence[Row], earlier: Earlier) -> dict[str, str]:
    """Return the label in the earlier export for each label of the new one."""
    partition = project.partition
    existing = set(earlier.numbers)
    names = Names(*reserved_names(), *existing)
    automatic = [int(m.group(1)) for label in existing if (m := _AUTOMATIC.match(label))]
    last_number = max(automatic, default=0)
    result = {}
    for cluster in partition.clusters:
        label = rows[int(cluster.members[0])].label
        if cluster.group is not None and cluster.group.name:
            result[label] = label
            continue
        known = Counter(
            earlier_label
            for i in cluster.members.tolist()
            if (earlier_label := earlier.label_of.get(rows[i].sha256)) and earlier_label != OUTLIERS
        )
        if known:
            result[label] = min(known, key=lambda name: (-known[name], name))
        elif label in existing or last_number:
            last_number += 1
            result[label] = names.take(f"cluster-{last_number:02d}")
        else:
            result[label] = label
    return result


def without_collisions(rows: Sequence[Row], out: Path) -> list[Row]:
    """Return the rows with file names that do not exist in the result folder, ignoring case."""
    folders: dict[str, Names] = {}
    result = []
    for row in rows:
        folder, _, name = row.exported_as.rpartition("/")
        if folder not in folders:
            folders[folder] = Names(*_listed(out / folder))
        result.append(replace(row, exported_as=f"{folder}/{folders[folder].take(name)}"))
    return result


def _listed(folder: Path) -> Iterator[str]:
    if folder.is_symlink() or folder.parent.is_symlink():
        raise InputError(f"{folder} links to a folder outside the result folder; nothing was added")
    try:
        yield from os.listdir(folder)
    except FileNotFoundError:
        return
    except OSError as error:
        raise InputError(f"{folder} cannot be read: {error.strerror}; nothing was added") from error
