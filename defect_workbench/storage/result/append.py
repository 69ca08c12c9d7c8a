"""Adds images to an earlier export: same labels, same folders, no duplicates, nothing changed."""

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
    """What an earlier export holds.

    Attributes
    ----------
    columns : tuple of str
        Of its manifest: those of every manifest, and further ones of `classify` or a later version.
    lines : tuple of tuple of str
        Of its manifest, as written.
    label_of : mapping of str to str
        By content hash.
    numbers : mapping of str to int
        Number of each label's cluster.
    largest : int
        The largest cluster number in use.
    """

    columns: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]
    label_of: dict[str, str]
    numbers: dict[str, int]
    largest: int


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
        label_of, numbers, largest = {}, {}, 0
        for line in lines:
            row = dict(zip(columns, line, strict=True))
            label, number = plain_text(row["label"]), int(row["cluster"])
            exported_as = plain_path(row["exported_as"])
            if not is_safe_name(label) or (exported_as and not is_inside(exported_as)):
                raise InputError(f"{path} names a file outside its folder; it is refused")
            largest = max(largest, number)
            if exported_as:
                label_of[row["sha256"]] = label
            if row["outlier"] != "true":
                numbers[label] = number
    except InputError:
        raise
    except (OSError, ValueError, IndexError, csv.Error) as error:
        raise InputError(f"{path} cannot be read ({error}); nothing was added") from error
    return Earlier(tuple(columns), tuple(tuple(line) for line in lines), label_of, numbers, largest)


def new_rows(project: Project, rows: Sequence[Row], earlier: Earlier) -> tuple[list[Row], list[str]]:
    """The rows to add, with labels and numbers that agree with the earlier export.

    A named cluster goes into the folder of that name. A cluster without a name takes the label that most
    of its images already have there, or else a new number: "cluster-01" of another session is a different
    cluster.

    Returns
    -------
    rows : list of Row
        Of images to add; `without_collisions` has yet to check their `exported_as`.
    already : list of str
        Paths of images whose content is already there, or is among the added ones.
    """
    labels = _labels(project, rows, earlier)
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
            replace(row, label=label, cluster=number, nearest_cluster=nearest, exported_as=f"{label}/{name}")
        )
    return added, already


def _labels(project: Project, rows: Sequence[Row], earlier: Earlier) -> dict[str, str]:
    """The label in the earlier export for each label of the new one."""
    partition = project.partition
    taken = set(earlier.numbers)
    names = Names(*reserved_names(), *taken)
    automatic = [int(m.group(1)) for label in taken if (m := _AUTOMATIC.match(label))]
    following = max(automatic, default=0)
    result = {}
    for cluster in partition.clusters:
        label = rows[int(cluster.members[0])].label
        if cluster.group is not None and cluster.group.name:
            result[label] = label
            continue
        known = Counter(
            there
            for i in cluster.members.tolist()
            if (there := earlier.label_of.get(rows[i].sha256)) and there != OUTLIERS
        )
        if known:
            result[label] = min(known, key=lambda there: (-known[there], there))
        elif label in taken or following:
            following += 1
            result[label] = names.take(f"cluster-{following:02d}")
        else:
            result[label] = label
    return result


def without_collisions(rows: Sequence[Row], out: Path) -> list[Row]:
    """The rows with file names that are free in the result folder, whatever their case."""
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
        raise InputError(f"{folder} leads out of the result folder; nothing was added")
    try:
        yield from os.listdir(folder)
    except FileNotFoundError:
        return
    except OSError as error:
        raise InputError(f"{folder} cannot be read: {error.strerror}; nothing was added") from error
