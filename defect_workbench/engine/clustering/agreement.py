"""Measure the agreement of two groupings of the same images."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Integers
from defect_workbench.core.errors import InputError
from defect_workbench.core.progress import Reporter
from defect_workbench.core.safe_reading import file_digest
from defect_workbench.engine.input.scan import scan

# Each outlier has its own label, so that there may be nearly as many as images.
_MOST_LABELS = 3000

# The hash of an image's content and the label of the image.
Labelled = Sequence[tuple[str, str]]


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two groupings, compared on the images that both contain.

    Attributes
    ----------
    rows, columns : tuple of str
        Labels of the first and the second grouping, the most frequent first. Of more than 3,000, the others
        are one row or column.
    table : (rows, columns) int64
        Number of images with each pair of labels.
    first : (m,) intp
        Positions of the common images in the first grouping.
    row_of, column_of : (m,) intp
        Label numbers of these images.
    adjusted_rand_index : float
        1 for identical groupings, about 0 for random ones (L. Hubert, P. Arabie, J. Classification 2, 1985).
    purity : float
        Share of images whose second label is the most frequent one among images with their first label.
    missing : tuple of int
        Number of images that only the first grouping has, and that only the second has.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    table: NDArray[np.int64]
    first: Integers
    row_of: Integers
    column_of: Integers
    adjusted_rand_index: float
    purity: float
    missing: tuple[int, int]

    def images_of(self, row: int, column: int) -> Integers:
        """Return the positions, (k,) intp, in the first grouping of the images in one cell of the table."""
        return np.asarray(self.first[(self.row_of == row) & (self.column_of == column)])


def compare(first: Labelled, second: Labelled) -> Comparison:
    """Compare two groupings. Images are matched by content, and identical images in their order.

    Raises
    ------
    InputError
        If they have no image in common.
    """
    from sklearn.metrics import adjusted_rand_score

    others: dict[str, list[str]] = defaultdict(list)
    for content, label in reversed(second):
        others[content].append(label)
    pairs = [
        (position, label, others[content].pop())
        for position, (content, label) in enumerate(first)
        if others.get(content)
    ]
    if not pairs:
        raise InputError("the two have no image in common")
    positions, first_labels, second_labels = zip(*pairs, strict=True)
    rows, row_of = _by_size(first_labels)
    columns, column_of = _by_size(second_labels)
    index = float(adjusted_rand_score(row_of, column_of))
    most_frequent = _most_frequent(row_of, column_of)
    rows, row_of = _pooled(rows, row_of)
    columns, column_of = _pooled(columns, column_of)
    table = np.zeros((len(rows), len(columns)), np.int64)
    np.add.at(table, (row_of, column_of), 1)
    return Comparison(
        rows=rows,
        columns=columns,
        table=table,
        first=np.array(positions, np.intp),
        row_of=row_of,
        column_of=column_of,
        adjusted_rand_index=index,
        purity=most_frequent / len(pairs),
        missing=(len(first) - len(pairs), len(second) - len(pairs)),
    )


def _by_size(labels: Sequence[str]) -> tuple[tuple[str, ...], Integers]:
    """Return the distinct labels, the most frequent first, and the number of each label among them."""
    names, codes, counts = np.unique(np.array(labels, dtype=object), return_inverse=True, return_counts=True)
    order = np.lexsort((np.arange(len(names)), -counts))
    return tuple(str(names[i]) for i in order), np.argsort(order)[codes]


def _most_frequent(row_of: Integers, column_of: Integers) -> int:
    """Return how many images have the most frequent second label among those with their first label."""
    pairs, counts = np.unique(np.stack([row_of, column_of]), axis=1, return_counts=True)
    largest = np.zeros(row_of.max() + 1, np.intp)
    np.maximum.at(largest, pairs[0], counts)
    return int(largest.sum())


def _pooled(names: tuple[str, ...], numbers: Integers) -> tuple[tuple[str, ...], Integers]:
    """Return no more labels than a table can have: those beyond are one."""
    if len(names) <= _MOST_LABELS:
        return names, numbers
    kept = _MOST_LABELS - 1
    return (*names[:kept], f"{len(names) - kept:,} others"), np.minimum(numbers, kept)


def read_class_folders(root: Path, reporter: Reporter) -> list[tuple[str, str]]:
    """Read images that the user grouped in class folders: the label is the first folder below `root`.

    Returns
    -------
    list of (str, str)
        SHA-256 of the content, and the label.

    Raises
    ------
    InputError
        If `root` contains no folder of images.
    Cancelled
        If the user cancelled.
    """
    listing = scan(root, reporter)
    files = [file for file in listing.files if "/" in file.path]
    if not files:
        raise InputError(f"{root} contains no folders of images")
    reporter.stage("Reading the labelled images", len(files))
    labelled = []
    for file in files:
        reporter.check()
        try:
            content = file_digest(root / file.path)
        except OSError as error:
            reporter.warn(f"{file.path} cannot be read: {error.strerror}")
            continue
        labelled.append((content, file.path.split("/", 1)[0]))
        reporter.advance()
    return labelled
