"""Numbers of found defects: per cluster, per folder, and per value of a column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from defect_workbench.core.project.found_defects import FoundDefects
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.table_columns import Column, ColumnKind

NUMBER_OF_DEFECTS, KINDS_OF_DEFECTS = "number of defects", "kinds of defects"
_NO_DEFECT = "no defect"


@dataclass(frozen=True)
class DefectCount:
    """The defects of some images.

    Attributes
    ----------
    name : str
        What the images have in common.
    images, clean : int
        Images that were searched, and those of them without a defect.
    kinds : mapping of str to int
        Defects of each kind.
    """

    name: str
    images: int
    clean: int
    kinds: Mapping[str, int]

    @property
    def defects(self) -> int:
        """Number of all defects."""
        return sum(self.kinds.values())

    @property
    def per_image(self) -> float | None:
        """Defects per image; None if no image was searched."""
        return self.defects / self.images if self.images else None


def count_defects(found: FoundDefects, name: str, images: Iterable[int]) -> DefectCount:
    """Return the defects of some images; those that were not searched do not count."""
    searched = [defects for image in images if (defects := found.of[image]) is not None]
    kinds = Counter(each.box.label for defects in searched for each in defects)
    return DefectCount(name, len(searched), sum(not defects for defects in searched), kinds)


def counts_per_cluster(project: Project, found: FoundDefects) -> list[DefectCount]:
    """Return the defects of each cluster, and of the outliers if there are any."""
    partition = project.partition
    rows = [count_defects(found, each.label, each.members.tolist()) for each in partition.clusters]
    if len(partition.outliers):
        rows.append(count_defects(found, "outliers", partition.outliers.tolist()))
    return rows


def counts_per_value(found: FoundDefects, values: Iterable[str], most: int) -> list[DefectCount]:
    """Return the defects of the images of each value.

    Parameters
    ----------
    values : iterable of str
        Of each image; empty if it has none.
    most : int
        If there are more values, the most frequent ones are returned, and the rest together.
    """
    groups: dict[str, list[int]] = {}
    for image, value in enumerate(values):
        if value:
            groups.setdefault(value, []).append(image)
    by_number = sorted(groups, key=lambda value: (-len(groups[value]), value))
    rows = [count_defects(found, value, groups[value]) for value in sorted(by_number[:most])]
    if rest := by_number[most:]:
        others = [image for value in rest for image in groups[value]]
        rows.append(count_defects(found, f"{len(rest):,} others", others))
    return rows


def defect_columns(project: Project) -> list[Column]:
    """Return the number and the kinds of the found defects of each image, to compare them with the clusters.

    Images that were not searched have no value. A joined table keeps its columns of these names.
    """
    found = project.found
    if found is None or all(defects is None for defects in found.of):
        return []
    numbers = tuple(None if defects is None else float(len(defects)) for defects in found.of)
    kinds = tuple(
        None if defects is None else " + ".join(sorted({each.box.label for each in defects})) or _NO_DEFECT
        for defects in found.of
    )
    side = project.side.columns if project.side is not None else ()
    joined = {column.name.casefold() for column in side}
    own = (
        Column(NUMBER_OF_DEFECTS, ColumnKind.NUMBER, numbers),
        Column(KINDS_OF_DEFECTS, ColumnKind.TEXT, kinds),
    )
    return [column for column in own if column.name not in joined]
