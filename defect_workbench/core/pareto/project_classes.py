"""The classes and columns of a project, to be counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.images.image_records import ImageRecord
from defect_workbench.core.images.instrument import METADATA_FIELDS
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
    Columns,
    coded,
    wafers_in_columns,
)
from defect_workbench.core.project.decisions import Cluster, Partition
from defect_workbench.core.project.palette import colour, colour_numbers, node_colours
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.table_columns import Cell, Column
from defect_workbench.core.wafer.inspection import Inspection
from defect_workbench.core.wafer.wafer_places import NO_WAFER, Wafer

# Properties of a wafer by the name of their column.
_OF_WAFER = {
    "lot": "lot",
    "wafer": "name",
    "slot": "slot",
    "step": "step",
    "recipe": "recipe",
    "tool": "tool",
    "device": "device",
    "time": "time",
}
_OF_DIE = {"die_x": "die_x", "die_y": "die_y"}


def classed_images(project: Project, basis: Basis, name: str = "") -> ClassedImages:
    """Return the images of a project with the classes that count, and its columns."""
    return with_classes(project, basis, project_columns(project), name)


def with_classes(project: Project, basis: Basis, columns: Columns, name: str = "") -> ClassedImages:
    """Return the images of a project with columns that were collected before."""
    classes, class_of, own_names = partition_classes(project, basis)
    wafers, wafer_of = _wafers(project, columns)
    name, noun = name or project.name, project.images.noun
    return ClassedImages(name, classes, class_of, columns, wafers, wafer_of, own_names, noun=noun)


def has_decided(partition: Partition) -> bool:
    """Whether a cluster has a name or is confirmed."""
    return any(is_counted(cluster, Basis.NAMED) for cluster in partition.clusters)


def is_counted(cluster: Cluster, basis: Basis) -> bool:
    """Whether a cluster is a class by some basis."""
    group = cluster.group
    if basis is Basis.ALL:
        return True
    if group is None:
        return False
    return group.confirmed or (basis is Basis.NAMED and bool(group.name or group.nuisance))


def partition_classes(
    project: Project, basis: Basis
) -> tuple[tuple[CountedClass, ...], NDArray[np.int32], tuple[bool, ...]]:
    """Return the classes of a project, the class of each image (n,), and whether each class has its own name.

    Outliers are a class if all clusters count, else they have no class.
    """
    partition, tree = project.partition, project.analysis.tree
    nodes = None if tree is None or tree.leaves < 2 else node_colours(tree)
    numbers = colour_numbers(partition, nodes)
    classes: list[CountedClass] = []
    own_names: list[bool] = []
    # The last place is that of outliers, whose cluster is -1.
    class_of_cluster = np.full(len(partition.clusters) + 1, NO_CLASS, np.int32)
    for index, cluster in enumerate(partition.clusters):
        if not is_counted(cluster, basis):
            continue
        class_of_cluster[index] = len(classes)
        group = cluster.group
        nuisance = group is not None and group.nuisance
        shown = CountedClass(cluster.label, colour(numbers[cluster.key]))
        classes.append(CountedClass(NUISANCE, PLAIN_COLOURS[NUISANCE]) if nuisance else shown)
        own_names.append(nuisance or (group is not None and bool(group.name)))
    if basis is Basis.ALL and len(partition.outliers):
        class_of_cluster[-1] = len(classes)
        classes.append(CountedClass(OUTLIERS, PLAIN_COLOURS[OUTLIERS]))
        own_names.append(True)
    return tuple(classes), class_of_cluster[partition.cluster_of], tuple(own_names)


def project_columns(project: Project) -> Columns:
    """Return the columns of a project by name; a joined table takes precedence over what files say."""
    images = project.images.images
    columns: dict[str, Callable[[], CodedColumn]] = {}
    inspection = project.inspection
    if inspection is not None:
        columns |= _wafer_columns(inspection)
        columns |= _cells(inspection.columns)
    if any("/" in image.path for image in images):
        columns["folder"] = lambda: coded(
            [image.path.rpartition("/")[0] or "(top folder)" for image in images]
        )
    for field in METADATA_FIELDS:
        if any(image.tool is not None and field.value(image.tool) not in (None, "") for image in images):
            columns[field.name] = _metadata(images, field.value)
    if project.side is not None:
        joined = {column.name.casefold() for column in project.side.columns}
        columns = {name: make for name, make in columns.items() if name.casefold() not in joined}
        columns = {**_cells(project.side.columns), **columns}
    # Each is read once, however often the classes are counted.
    return {name: cache(make) for name, make in columns.items()}


def folder_of(path: str) -> str:
    """Return the folder of an image, in words."""
    return path.rpartition("/")[0] or "(top folder)"


def _metadata(images: Sequence[ImageRecord], value: Callable[..., Cell]) -> Callable[[], CodedColumn]:
    return lambda: coded([None if image.tool is None else value(image.tool) for image in images])


def _cells(columns: Sequence[Column]) -> Mapping[str, Callable[[], CodedColumn]]:
    def make(column: Column) -> Callable[[], CodedColumn]:
        return lambda: coded(column.cells)

    return {column.name: make(column) for column in columns if any(cell is not None for cell in column.cells)}


def _wafer_columns(inspection: Inspection) -> Mapping[str, Callable[[], CodedColumn]]:
    places = inspection.places

    def of_wafer(field: str) -> Callable[[], CodedColumn]:
        def make() -> CodedColumn:
            texts = [getattr(wafer, field) for wafer in places.wafers]
            column = coded(_with_lots(places.wafers) if field == "name" else [text or None for text in texts])
            # The last place is that of images without a wafer.
            value_of = np.append(column.value_of, np.int32(-1))[places.wafer_of]
            return CodedColumn(column.values, value_of, column.value_of)

        return make

    def of_image(field: str) -> Callable[[], CodedColumn]:
        def make() -> CodedColumn:
            numbers = getattr(places, field)
            known = np.isfinite(numbers)
            values, index = np.unique(numbers[known], return_inverse=True)
            value_of = np.full(len(numbers), -1, np.int32)
            value_of[known] = index
            return CodedColumn(tuple(f"{value:.6g}" for value in values.tolist()), value_of)

        return make

    columns: dict[str, Callable[[], CodedColumn]] = {}
    for name, field in _OF_WAFER.items():
        if any(getattr(wafer, field) for wafer in places.wafers):
            columns[name] = of_wafer(field)
    for name, field in _OF_DIE.items():
        if np.isfinite(getattr(places, field)).any():
            columns[name] = of_image(field)
    return columns


def _with_lots(wafers: Sequence[Wafer]) -> list[Cell]:
    """Return the names of wafers, behind those of their lots where several lots have a wafer of one name."""
    lots: dict[str, set[str]] = {}
    for wafer in wafers:
        lots.setdefault(wafer.name, set()).add(wafer.lot)
    ambiguous = any(len(each) > 1 for each in lots.values())
    return [
        f"{wafer.lot} {wafer.name}".strip() if ambiguous and wafer.name else wafer.name or None
        for wafer in wafers
    ]


def _wafers(project: Project, columns: Columns) -> tuple[tuple[Wafer, ...], NDArray[np.int32]]:
    inspection = project.inspection
    if inspection is not None and (inspection.places.wafer_of != NO_WAFER).any():
        return inspection.places.wafers, inspection.places.wafer_of.astype(np.int32)
    return wafers_in_columns(columns, len(project.images))
