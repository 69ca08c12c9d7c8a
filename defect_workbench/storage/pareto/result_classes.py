"""The classes and columns in the tables of a result folder, to be counted without its session."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from defect_workbench.core.errors import InputError
from defect_workbench.core.pareto.class_counts import (
    NO_CLASS,
    NUISANCE,
    OUTLIERS,
    PLAIN_COLOURS,
    Basis,
    CountedClass,
)
from defect_workbench.core.pareto.classed_images import (
    ClassedImages,
    CodedColumn,
    coded,
    wafers_in_columns,
)
from defect_workbench.core.pareto.project_classes import folder_of
from defect_workbench.core.project.palette import COLOURS
from defect_workbench.core.result_files import ITEMS, MANIFEST, SIDE_DATA
from defect_workbench.core.safe_reading import TooLargeError, read_regular
from defect_workbench.core.table_columns import typed_column
from defect_workbench.storage.files.csv_cells import plain_path, plain_text

_MOST_BYTES = 512 * 1024**2
_AUTOMATIC = re.compile(r"cluster-\d+(-auto)?(~\d+)?\Z")
_NOT_COLUMNS = frozenset({"path", "sha256", "label", "cluster", "outlier", "exported_as"})
_PATHS = frozenset({"klarf", "parent"})
_NUISANCE_LABEL = "nuisance"


def result_classes(folder: Path, basis: Basis) -> ClassedImages:
    """Return the images that the manifest of a result folder lists.

    Labels are classes, but for those of numbered clusters, which only count if all clusters do. A manifest
    does not say which clusters are confirmed.

    Raises
    ------
    InputError
        If the manifest cannot be read.
    """
    header, rows = read_rows(folder / MANIFEST)
    for name in ("path", "label"):
        if name not in header:
            raise InputError(f"{folder / MANIFEST} has no column {name}")
    at = {name: place for place, name in enumerate(header)}
    # A watched folder adds a row when an image is replaced; the last one counts.
    rows = list({row[at["path"]]: row for row in rows}.values())
    paths = [plain_path(row[at["path"]]) for row in rows]
    labels = [plain_text(row[at["label"]]) for row in rows]
    outliers = [row[at["outlier"]] == "true" for row in rows] if "outlier" in at else [False] * len(rows)
    classes, class_of, own_names = _classes(labels, outliers, basis)
    columns = _columns(header, rows, frozenset(_NOT_COLUMNS))
    joined = {name: _joined(folder / name, paths) for name in (SIDE_DATA, ITEMS) if (folder / name).is_file()}
    for each in joined.values():
        columns |= each
    noun = "defect" if "parent" in joined.get(ITEMS, {}) else "image"
    if any("/" in path for path in paths):
        columns.setdefault("folder", lambda: coded([folder_of(path) for path in paths]))
    wafers, wafer_of = wafers_in_columns(columns, len(rows))
    remark = f"{folder.name} has no session that can be read, so all of its labels count as classes"
    remarks = (remark,) if basis is Basis.CONFIRMED else ()
    name = folder.resolve().name or "/"
    return ClassedImages(name, classes, class_of, columns, wafers, wafer_of, own_names, remarks, noun)


def has_labels(folder: Path) -> bool:
    """Whether the manifest of a result folder has a label that a user or a classifier gave.

    Raises
    ------
    InputError
        If the manifest cannot be read.
    """
    header, rows = read_rows(folder / MANIFEST)
    place = header.index("label") if "label" in header else None
    labels = set() if place is None else {plain_text(row[place]) for row in rows}
    return any(not _AUTOMATIC.match(label) and label != "_outliers" for label in labels)


def read_rows(path: Path) -> tuple[list[str], list[list[str]]]:
    """Return header and rows of a table that this program wrote, as they are in the file.

    Raises
    ------
    InputError
        If it cannot be read or is not a table.
    """
    try:
        text = read_regular(path, _MOST_BYTES).decode("utf-8-sig")
        header, *rows = csv.reader(io.StringIO(text, newline=""))
    except TooLargeError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, csv.Error) as error:
        raise InputError(f"{path} cannot be read: it is not a table as this program writes it") from error
    if any(len(row) != len(header) for row in rows) or len(set(header)) != len(header):
        raise InputError(f"{path} cannot be read: its rows and its header do not agree")
    return header, rows


def _classes(
    labels: Sequence[str], outliers: Sequence[bool], basis: Basis
) -> tuple[tuple[CountedClass, ...], np.ndarray[tuple[int], np.dtype[np.int32]], tuple[bool, ...]]:
    index: dict[str, int] = {}
    classes: list[CountedClass] = []
    own_names: list[bool] = []
    class_of = np.full(len(labels), NO_CLASS, np.int32)
    for image, (label, outlier) in enumerate(zip(labels, outliers, strict=True)):
        automatic = _AUTOMATIC.match(label) is not None
        if basis is not Basis.ALL and (outlier or automatic or not label):
            continue
        name = OUTLIERS if outlier else NUISANCE if label.casefold() == _NUISANCE_LABEL else label
        if not name:
            continue
        if name not in index:
            index[name] = len(classes)
            colour = PLAIN_COLOURS.get(name, COLOURS[len(classes) % len(COLOURS)])
            classes.append(CountedClass(name, colour))
            own_names.append(not automatic)
        class_of[image] = index[name]
    return tuple(classes), class_of, tuple(own_names)


def _columns(
    header: Sequence[str], rows: Sequence[Sequence[str]], without: frozenset[str]
) -> dict[str, Callable[[], CodedColumn]]:
    """Return the columns of a table that have a value."""

    def make(place: int, plain: Callable[[str], str]) -> Callable[[], CodedColumn]:
        return lambda: coded(typed_column("", [plain(row[place]) for row in rows], False).cells)

    return {
        plain_text(name): make(place, plain_path if name in _PATHS else plain_text)
        for place, name in enumerate(header)
        if name not in without and any(row[place] for row in rows)
    }


def _joined(file: Path, paths: Sequence[str]) -> dict[str, Callable[[], CodedColumn]]:
    """Return the columns of a table beside the manifest, in the order of the images."""
    header, rows = read_rows(file)
    if "path" not in header:
        return {}
    place = header.index("path")
    row_of = {plain_path(row[place]): row for row in rows}
    empty = [""] * len(header)
    return _columns(header, [row_of.get(path, empty) for path in paths], frozenset({"path", "label"}))
