"""The tables of a result folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from defect_workbench.core.images.image_records import Rejection
from defect_workbench.core.project.decisions import OUTLIERS
from defect_workbench.core.project.project_state import Project
from defect_workbench.storage.files.csv_cells import safe_path, safe_text, table_text
from defect_workbench.storage.files.safe_names import Names

COLUMNS = (
    "path",
    "sha256",
    "label",
    "cluster",
    "outlier",
    "outlier_score",
    "nearest_cluster",
    "distance",
    "exported_as",
)
RESERVED = (
    "manifest.csv",
    "rejected.csv",
    "session.dwb",
    "report.html",
    "report.pdf",
    "side_data.csv",
    "measurements.csv",
    "annotations.csv",
    "annotations.json",
    "export-receipt.json",
    OUTLIERS,
)


@dataclass(frozen=True)
class Row:
    """One image of the manifest; `nearest_cluster` is empty where there is no cluster."""

    path: str
    sha256: str
    label: str
    cluster: int
    outlier: bool
    outlier_score: float
    nearest_cluster: str
    distance: float | None
    exported_as: str


def rows(project: Project) -> list[Row]:
    """The manifest, in the order of the images; decides every exported name."""
    partition, images = project.partition, project.images.images
    folders = Names(*RESERVED)
    labels = [folders.take(cluster.label) for cluster in partition.clusters]
    inside = [Names() for _ in labels]
    outlier_names = Names()
    own = partition.cluster_of
    outlier_numbers = {
        int(image): len(labels) + i for i, image in enumerate(sorted(partition.outliers), start=1)
    }
    nearest, distances = partition.nearest(np.arange(len(images)))
    result = []
    for index, image in enumerate(images):
        cluster = int(own[index])
        name = image.path.rsplit("/", 1)[-1]
        if cluster >= 0:
            label, exported, number = labels[cluster], inside[cluster].take(name), cluster + 1
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
            )
        )
    return result


def labelled(project: Project) -> list[tuple[str, str]]:
    """The content hash and the label of each image; every outlier is a label of its own."""
    partition = project.partition
    own = partition.cluster_of
    return [
        (image.sha256, partition.clusters[int(own[i])].label if own[i] >= 0 else f"outlier {image.path}")
        for i, image in enumerate(project.images.images)
    ]


def manifest_line(row: Row) -> tuple[str, ...]:
    """The cells of a row, safe to open in a spreadsheet."""
    return (
        safe_path(row.path),
        row.sha256,
        safe_text(row.label),
        str(row.cluster),
        "true" if row.outlier else "false",
        f"{row.outlier_score:.6g}",
        safe_text(row.nearest_cluster),
        "" if row.distance is None else f"{row.distance:.6g}",
        safe_path(row.exported_as),
    )


@dataclass(frozen=True)
class MoreColumns:
    """Columns that follow those of every manifest.

    Attributes
    ----------
    names : tuple of str
    cells : mapping of str to tuple of str
        By path of the image.
    """

    names: tuple[str, ...]
    cells: Mapping[str, tuple[str, ...]]


def manifest_text(manifest: Iterable[Row], more: MoreColumns | None = None) -> str:
    """`manifest.csv` of a new export."""
    if more is None:
        return table_text(COLUMNS, (manifest_line(row) for row in manifest))
    lines = ((*manifest_line(row), *map(safe_text, more.cells[row.path])) for row in manifest)
    return table_text((*COLUMNS, *more.names), lines)


def longer_manifest_text(
    columns: Sequence[str], earlier: Iterable[Sequence[str]], manifest: Iterable[Row]
) -> str:
    """`manifest.csv` of an earlier export with more rows behind its own, which stay as they are.

    Columns keep the order that the file gives them. New rows have empty cells where it knows more than
    is known of them, and lack what it has no column for.
    """
    lines = (dict(zip(COLUMNS, manifest_line(row), strict=True)) for row in manifest)
    added = ([line.get(name, "") for name in columns] for line in lines)
    return table_text(columns, [*earlier, *added])


def rejected_text(rejected: Iterable[Rejection]) -> str:
    """`rejected.csv`."""
    return table_text(
        ("path", "reason"), ((safe_path(item.path), safe_text(item.reason)) for item in rejected)
    )
