"""The records of inspection files after images were added to a project."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path, PurePath

import numpy as np

from defect_workbench.core.arrays import Integers
from defect_workbench.core.errors import InputError
from defect_workbench.core.images.image_records import ImageRecord, ImageSet
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.wafer.gathered_records import gathered_columns, gathered_places
from defect_workbench.core.wafer.inspection import NO_SOURCE, Inspection
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


def check_not_listed(project: Project, listed: ListedImages) -> None:
    """Check that the defects of inspection files are not those of a project already.

    Raises
    ------
    InputError
        If they are, but with other pictures or from another folder: each would be listed twice.
    """
    earlier, klarf = project.inspection, listed.klarf
    if earlier is None or klarf is None:
        return
    known = {file.sha256: file for file in earlier.files}
    for file in klarf.files:
        if file.sha256 not in known:
            continue
        before = Path(os.path.abspath(project.images.root / known[file.sha256].path))
        now = Path(os.path.abspath(listed.listing.root / file.path))
        if before == now and klarf.choice == earlier.choice:
            continue
        how = f"as {before}" if before != now else "with other pictures of its defects"
        raise InputError(
            f"{now} is already part of this project, {how}; adding it would list each defect twice. To see "
            "other pictures, open the inspection file again and choose them"
        )


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
    part_of, row = of_second.astype(np.intp), np.arange(len(first))
    # A file may name images that were missing when it was added first.
    files = list(dict.fromkeys((*first.files, *second.files)))
    number_of = np.array([files.index(file) for file in second.files], np.intp)
    same_files = len(files) < len(first.files) + len(second.files)
    places = gathered_places((first.places, second.places), part_of, row, same_files=same_files)
    return Inspection(
        tuple(files),
        np.where(of_second, number_of[np.where(of_second, second.file_of, 0)], first.file_of),
        np.where(of_second, second.row, first.row),
        np.where(of_second, second.defect_id, first.defect_id),
        places,
        gathered_columns((first.columns, second.columns), part_of, row),
        first.choice,
    )
