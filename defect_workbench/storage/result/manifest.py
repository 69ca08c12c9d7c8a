"""The manifest and the list of rejected files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from defect_workbench.core.clustering.clustering_result import NO_GROUP
from defect_workbench.core.images.defect_items import exported_name
from defect_workbench.core.images.image_locations import exported_page_name
from defect_workbench.core.images.image_records import ImageRecord, Rejection
from defect_workbench.core.project.decisions import OUTLIERS
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.registry import Registry
from defect_workbench.storage.files.csv_cells import safe_path, safe_text, table_text
from defect_workbench.storage.files.safe_names import Names
from defect_workbench.storage.result.reserved_names import reserved_names


@dataclass(frozen=True)
class Row:
    """One image in the manifest; `nearest_cluster` is empty if there are no clusters.

    `outlier_group` counts from 1; None for an image in no outlier group.
    """

    path: str
    sha256: str
    label: str
    cluster: int
    outlier: bool
    outlier_score: float
    nearest_cluster: str
    distance: float | None
    exported_as: str
    outlier_group: int | None = None
    strangeness: float | None = None


def rows(project: Project) -> list[Row]:
    """Return the rows of the manifest, in the order of the images, with the name of every exported file."""
    partition, images, maps = project.partition, project.images.images, project.maps
    folders = Names(*reserved_names())
    labels = [folders.take(cluster.label) for cluster in partition.clusters]
    file_names = [Names() for _ in labels]
    outlier_names = Names()
    own = partition.cluster_of
    # After those of the clusters, which are the numbers in their labels.
    outlier_numbers = {
        int(image): partition.next_ordinal + i for i, image in enumerate(sorted(partition.outliers))
    }
    nearest, distances = partition.nearest(np.arange(len(images)))
    result = []
    for index, image in enumerate(images):
        cluster = int(own[index])
        name = file_name_of(image)
        group = int(partition.outlier_groups[index])
        if cluster >= 0:
            label, exported = labels[cluster], file_names[cluster].take(name)
            number = partition.clusters[cluster].ordinal
        else:
            label, exported, number = OUTLIERS, outlier_names.take(name), outlier_numbers[index]
        result.append(
            Row(
                path=image.path,
                sha256=image.sha256,
                label=label,
                cluster=number,
                outlier=cluster < 0,
                outlier_score=float(project.analysis.outlier_scores[index]),
                nearest_cluster=labels[int(nearest[index, 0])] if labels else "",
                distance=float(distances[index, 0]) if labels else None,
                exported_as=f"{label}/{exported}",
                outlier_group=None if group == NO_GROUP else group + 1,
                strangeness=None if maps is None else float(maps.strangeness[index]),
            )
        )
    return result


def file_name_of(image: ImageRecord) -> str:
    """Return the name of an exported image, if no other one has it."""
    if image.origin is not None:
        return exported_name(image.origin, image.page)
    return exported_page_name(image.path, image.page) if image.page else image.path.rsplit("/", 1)[-1]


def labelled(project: Project) -> list[tuple[str, str]]:
    """Return content hash and label of each image; every outlier has its own label."""
    partition = project.partition
    own = partition.cluster_of
    return [
        (image.sha256, partition.clusters[int(own[i])].label if own[i] >= 0 else f"outlier {image.path}")
        for i, image in enumerate(project.images.images)
    ]


@dataclass(frozen=True)
class Column:
    """A column of the manifest.

    Attributes
    ----------
    cell : callable
        Returns the cell of a row, safe to open in a spreadsheet.
    required : bool
        Whether a manifest must have it to be added to. Columns that are not required come after the
        required ones and those of a classifier.
    """

    name: str
    cell: Callable[[Row], str]
    required: bool = False


COLUMNS: Registry[Column] = Registry(
    "manifest column",
    (
        Column("path", lambda row: safe_path(row.path), True),
        Column("sha256", lambda row: row.sha256, True),
        Column("label", lambda row: safe_text(row.label), True),
        Column("cluster", lambda row: str(row.cluster), True),
        Column("outlier", lambda row: "true" if row.outlier else "false", True),
        Column("outlier_score", lambda row: f"{row.outlier_score:.6g}", True),
        Column("nearest_cluster", lambda row: safe_text(row.nearest_cluster), True),
        Column("distance", lambda row: "" if row.distance is None else f"{row.distance:.6g}", True),
        Column("exported_as", lambda row: safe_path(row.exported_as), True),
        Column("outlier_group", lambda row: "" if row.outlier_group is None else str(row.outlier_group)),
        Column("strangeness", lambda row: "" if row.strangeness is None else f"{row.strangeness:.6g}"),
    ),
)


@dataclass(frozen=True)
class MoreColumns:
    """Extra columns, which follow the required ones.

    Attributes
    ----------
    names : tuple of str
    cells : mapping of str to tuple of str
        Cells by path of the image.
    """

    names: tuple[str, ...]
    cells: Mapping[str, tuple[str, ...]]


def column_names(more: Sequence[str] = ()) -> list[str]:
    """Return the columns of a new manifest, with extra ones behind those that are required."""
    first = [column.name for column in COLUMNS if column.required]
    return [*first, *more, *(column.name for column in COLUMNS if not column.required)]


def manifest_line(row: Row, more: Iterable[str] = ()) -> list[str]:
    """Return the cells of a row in the order of `column_names`, with those of the extra columns."""
    first = [column.cell(row) for column in COLUMNS if column.required]
    return [*first, *map(safe_text, more), *(column.cell(row) for column in COLUMNS if not column.required)]


def manifest_text(manifest: Iterable[Row], more: MoreColumns | None = None) -> str:
    """Return `manifest.csv` of a new export."""
    lines = (manifest_line(row, more.cells[row.path] if more else ()) for row in manifest)
    return table_text(column_names(more.names if more else ()), lines)


def longer_manifest_text(
    columns: Sequence[str], earlier: Iterable[Sequence[str]], manifest: Iterable[Row]
) -> str:
    """Return `manifest.csv` of an earlier export with rows appended; existing rows are unchanged.

    The columns are those of the file. New rows have empty cells in columns that are unknown here.
    """
    known = {column.name: column.cell for column in COLUMNS}
    added = ([known[name](row) if name in known else "" for name in columns] for row in manifest)
    return table_text(columns, [*earlier, *added])


def rejected_text(rejected: Iterable[Rejection]) -> str:
    """Return `rejected.csv`."""
    return table_text(
        ("path", "reason"), ((safe_path(item.path), safe_text(item.reason)) for item in rejected)
    )
