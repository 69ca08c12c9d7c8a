"""Counting: classes of images by the values of a column, over one or several projects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from defect_workbench.core.arrays import Floats, Integers
from defect_workbench.core.errors import InputError
from defect_workbench.core.pareto.class_counts import (
    NO_VALUE,
    PLAIN_COLOURS,
    UNNAMED,
    Basis,
    ClassCounts,
    CountedClass,
)
from defect_workbench.core.pareto.classed_images import ClassedImages, CodedColumn
from defect_workbench.core.pareto.value_groups import group_values, time_of
from defect_workbench.core.project.palette import COLOURS
from defect_workbench.core.wafer.wafer_places import NO_WAFER

_UM2_PER_CM2 = 1e8
_TIMES = ("time", "resulttimestamp", "timestamp", "date", "datetime", "filetimestamp", "acquired")


@dataclass(frozen=True, eq=False)
class Counted:
    """Counts, and where each image was counted.

    Attributes
    ----------
    group_of, class_of : tuple of (n,) int32
        Indices into the groups and classes of `counts`, per source; -1 for an image without a class.
    """

    counts: ClassCounts
    group_of: tuple[NDArray[np.int32], ...]
    class_of: tuple[NDArray[np.int32], ...]

    def images(self, group: int | None, class_: int | None, source: int = 0) -> Integers:
        """Return the images of a group and a class of one source, (m,); None stands for all."""
        chosen = np.ones(len(self.group_of[source]), bool)
        if group is not None:
            chosen &= self.group_of[source] == group
        if class_ is not None:
            chosen &= self.class_of[source] == class_
        return np.flatnonzero(chosen)


def column_names(sources: Sequence[ClassedImages]) -> tuple[str, ...]:
    """Return the names of the columns of all sources, each once, whatever its case."""
    names: dict[str, str] = {}
    for source in sources:
        for name in source.columns:
            names.setdefault(name.casefold(), name)
    return tuple(names.values())


def count(sources: Sequence[ClassedImages], by: str, basis: Basis) -> Counted:
    """Return the counts of classes by a column.

    Raises
    ------
    InputError
        If no source has the column; the message lists those that exist.
    """
    columns = [source.column(by) for source in sources]
    if all(column is None for column in columns):
        names = column_names(sources)
        if not names:
            raise InputError(f"there is no column {by}; the images have neither a table nor folders")
        raise InputError(f"there is no column {by}; the columns are: {', '.join(names)}")
    by = next(name for name in column_names(sources) if name.casefold() == by.casefold())
    groups, of_value, by_time = _grouped(columns)
    without = any(
        bool((column.value_of < 0).any()) if column is not None else len(source) > 0
        for source, column in zip(sources, columns, strict=True)
    )
    last = len(groups)
    group_of = [
        np.full(len(source), last, np.int32)
        if column is None
        else np.append(places, last).astype(np.int32)[column.value_of]
        for source, column, places in zip(sources, columns, of_value, strict=True)
    ]
    number = last + without
    wafers, area = _inspected(sources, columns, of_value, group_of, number)
    order, in_time = _order(sources, group_of, last, by_time)
    if without:
        order = np.append(order, last)
    rank = np.empty(number, np.int32)
    rank[order] = np.arange(number, dtype=np.int32)
    group_of = [rank[each] for each in group_of]
    names_in_order = [(*groups, NO_VALUE)[place] for place in order.tolist()]
    classes, class_of = _merged(sources)
    counts = np.zeros((number, len(classes)), np.int64)
    totals = np.zeros(number, np.int64)
    for places, kinds in zip(group_of, class_of, strict=True):
        known = kinds >= 0
        flat = places[known].astype(np.int64) * len(classes) + kinds[known]
        counts += np.bincount(flat, minlength=counts.size).reshape(counts.shape)
        totals += np.bincount(places, minlength=number)
    # As many as there would be if all images of each group had a class.
    scale = totals / np.maximum(counts.sum(axis=1), 1)
    estimates = (scale @ counts).tolist()
    ranks = sorted(range(len(classes)), key=lambda c: (classes[c].plain, -estimates[c], c))
    at = np.empty(len(classes) + 1, np.int32)
    at[ranks], at[-1] = np.arange(len(classes)), -1
    table = ClassCounts(
        by,
        basis,
        tuple(names_in_order),
        tuple(classes[c] for c in ranks),
        counts[:, ranks],
        totals,
        wafers[order],
        area[order],
        without,
        in_time,
        tuple(dict.fromkeys(remark for source in sources for remark in source.remarks)),
        sources[0].noun if len({source.noun for source in sources}) == 1 else "image",
    )
    return Counted(table, tuple(group_of), tuple(at[kinds] for kinds in class_of))


def _grouped(
    columns: Sequence[CodedColumn | None],
) -> tuple[tuple[str, ...], list[Integers], bool]:
    """Return the groups of all values, the group of each source's values, and whether these are times."""
    values = list(dict.fromkeys(value for column in columns if column is not None for value in column.values))
    groups, group_of, by_time = group_values(values)
    at = dict(zip(values, group_of.tolist(), strict=True))
    none = np.empty(0, np.intp)
    of_value = [
        none if column is None else np.array([at[value] for value in column.values], np.intp)
        for column in columns
    ]
    return groups, of_value, by_time


def _inspected(
    sources: Sequence[ClassedImages],
    columns: Sequence[CodedColumn | None],
    of_value: Sequence[Integers],
    group_of: Sequence[NDArray[np.int32]],
    number: int,
) -> tuple[Floats, Floats]:
    """Return the number of inspected wafers of each group and their area in cm²; NaN if unknown."""
    wafers, area = np.zeros(number), np.zeros(number)
    for source, column, places, groups in zip(sources, columns, of_value, group_of, strict=True):
        areas = np.array([np.nan if w.area_um2 is None else w.area_um2 / _UM2_PER_CM2 for w in source.wafers])
        on_wafer = source.wafer_of != NO_WAFER
        wafers[np.unique(groups[~on_wafer])] = np.nan
        area[np.unique(groups[~on_wafer])] = np.nan
        if column is not None and column.value_of_wafer is not None:
            has_value = column.value_of_wafer >= 0
            group, wafer = places[column.value_of_wafer[has_value]], np.flatnonzero(has_value)
        else:
            pairs = np.unique(np.stack([groups[on_wafer], source.wafer_of[on_wafer]]), axis=1)
            group, wafer = pairs[0], pairs[1]
            if len(np.unique(wafer)) < len(wafer):
                # Wafers have several values, such as dies: each value was inspected on all of them.
                every, present = np.unique(wafer), np.unique(groups)
                group, wafer = np.repeat(present, len(every)), np.tile(every, len(present))
        np.add.at(wafers, group, 1.0)
        np.add.at(area, group, areas[wafer])
    wafers[wafers == 0], area[area == 0] = np.nan, np.nan
    return wafers, area


def _order(
    sources: Sequence[ClassedImages], group_of: Sequence[NDArray[np.int32]], groups: int, by_time: bool
) -> tuple[Integers, bool]:
    """Return the groups in order of their first time if all have one, else as they are."""
    natural = np.arange(groups)
    if by_time:
        return natural, True
    first = np.full(groups + 1, np.inf)
    for source, places in zip(sources, group_of, strict=True):
        for wafer, time in enumerate(_wafer_times(source)):
            here = places[source.wafer_of == wafer] if time is not None else places[:0]
            first[here] = np.minimum(first[here], time if time is not None else np.inf)
        times = _times(source)
        if times is not None:
            np.minimum.at(first, places, times)
    first = first[:groups]
    if groups < 2 or not np.isfinite(first).all() or len(np.unique(first)) < 2:
        return natural, False
    return np.argsort(first, kind="stable"), True


def _wafer_times(source: ClassedImages) -> list[float | None]:
    return [time_of(wafer.time) for wafer in source.wafers]


def _times(source: ClassedImages) -> Floats | None:
    """Return the time of each image from its first column of times, (n,); infinite without one."""
    for name in _TIMES:
        column = source.column(name)
        if column is None or not column.values:
            continue
        seconds = [time_of(value) for value in column.values]
        if all(value is not None for value in seconds):
            return np.append(np.array(seconds, np.float64), np.inf)[column.value_of]
    return None


def _merged(
    sources: Sequence[ClassedImages],
) -> tuple[list[CountedClass], list[NDArray[np.int32]]]:
    """Return the classes of all sources, and the class of each image among these.

    Classes of the same name are one class, in any case. A numbered cluster means nothing in another project:
    where there are several, those that only count as clusters become one class.
    """
    several = len(sources) > 1
    index: dict[str, int] = {}
    classes: list[CountedClass] = []
    class_of = []
    for source in sources:
        places = np.full(len(source.classes) + 1, -1, np.int32)
        for number, (each, own_name) in enumerate(zip(source.classes, source.own_names, strict=True)):
            if several and not own_name:
                each = CountedClass(UNNAMED, PLAIN_COLOURS[UNNAMED])
            place = index.setdefault(each.name.casefold(), len(classes))
            if place == len(classes):
                classes.append(each)
            places[number] = place
        class_of.append(places[source.class_of])
    return _distinct_colours(classes) if several else classes, class_of


def _distinct_colours(classes: Sequence[CountedClass]) -> list[CountedClass]:
    """Return the classes with a free colour for each that has that of another one, while there is one."""
    used: set[str] = set()
    free = [each for each in COLOURS if each not in {other.colour for other in classes}]
    result = []
    for each in classes:
        colour = each.colour
        if colour in used and not each.plain and free:
            colour = free.pop(0)
        used.add(colour)
        result.append(CountedClass(each.name, colour))
    return result
