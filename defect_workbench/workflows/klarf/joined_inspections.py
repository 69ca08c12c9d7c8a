"""The records of inspection files after images were added to a project."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePath

import numpy as np

from defect_workbench.core.arrays import Integers
from defect_workbench.core.columns import Cell, Column
from defect_workbench.core.images.image_records import ImageRecord, ImageSet
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.wafer.inspection import NO_SOURCE, Inspection
from defect_workbench.core.wafer.wafer_places import NO_WAFER, WaferPlaces
from defect_workbench.workflows.klarf.image_listing import ListedImages


def carried_inspection(
    project: Project, listed: ListedImages, images: ImageSet, before: Integers, root: Path
) -> Inspection | None:
    """Return the records of the images of a project and of those that were added.

    Parameters
    ----------
    listed : ListedImages
        Those that were added.
    images : ImageSet
        All of them.
    before : (n,) intp
        The previous index of each image; below 0 for new images.
    root : Path
        Of `images`.
    """
    earlier = None
    if project.inspection is not None:
        earlier = moved(project.inspection.take(before), project.images.root, root)
    if listed.klarf is None:
        return earlier
    added = listed.listing.root
    own: list[ImageRecord] = []
    for image in images.images:
        path = PurePath(os.path.relpath(root / image.path, added)).as_posix()
        own.append(replace(image, path=path))
    fresh = listed.klarf.inspection(ImageSet(added, own, ()))
    fresh = moved(fresh.take(np.where(before < 0, np.arange(len(own)), -1)), added, root)
    return fresh if earlier is None else joined(earlier, fresh)


def moved(inspection: Inspection, before: Path, now: Path) -> Inspection:
    """Return the records with paths of files relative to another folder."""

    def path_of(path: str) -> str:
        return PurePath(os.path.relpath(before / path, now)).as_posix()

    return replace(
        inspection, files=tuple(replace(file, path=path_of(file.path)) for file in inspection.files)
    )


def joined(first: Inspection, second: Inspection) -> Inspection:
    """Return the records of both; each image has one in at most one of them."""
    of_second = second.file_of != NO_SOURCE
    shift = len(first.files)
    places, more = first.places, second.places
    wafer_of = np.where(more.wafer_of == NO_WAFER, NO_WAFER, more.wafer_of + len(places.wafers))
    fields = {
        name: np.where(of_second, getattr(more, name), getattr(places, name))
        for name in ("x_um", "y_um", "die_x", "die_y", "in_die_x_um", "in_die_y_um")
    }
    return Inspection(
        first.files + second.files,
        np.where(of_second, second.file_of + shift, first.file_of).astype(np.intp),
        np.where(of_second, second.row, first.row).astype(np.intp),
        np.where(of_second, second.defect_id, first.defect_id),
        WaferPlaces(
            places.wafers + more.wafers,
            np.where(of_second, wafer_of, places.wafer_of).astype(np.intp),
            **fields,
        ),
        _columns(first, second, of_second.tolist()),
        first.choice,
    )


def _columns(first: Inspection, second: Inspection, of_second: list[bool]) -> tuple[Column, ...]:
    parts: list[Mapping[str, Column]] = [{c.name: c for c in each.columns} for each in (first, second)]
    columns = []
    for name in dict.fromkeys((*parts[0], *parts[1])):
        pair = [part.get(name) for part in parts]
        there = [column for column in pair if column is not None]
        if len({column.kind for column in there}) > 1:
            pair = [None if column is None else column.as_text() for column in pair]
        cells: list[Cell] = []
        for row, is_second in enumerate(of_second):
            column = pair[is_second]
            cells.append(None if column is None else column.cells[row])
        kind = next(column.kind for column in pair if column is not None)
        columns.append(Column(name, kind, tuple(cells)))
    return tuple(columns)
