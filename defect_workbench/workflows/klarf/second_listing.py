"""List the images of a session again, in the folder where they are now."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from defect_workbench.core.images.image_records import ImageSet, Rejection
from defect_workbench.core.progress import Reporter
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.wafer.inspection import NO_SOURCE, Inspection
from defect_workbench.engine.input.scan import FoundFile, Listing, found_file, listing_of, scan_set
from defect_workbench.workflows.klarf.image_listing import may_be_klarf
from defect_workbench.workflows.klarf.klarf_listing import list_klarfs


def list_again(project: Project, root: Path, reporter: Reporter) -> Listing:
    """List the images of a project again: those of its folders, and those that its inspection files name.

    Parameters
    ----------
    root : Path
        Where the folder of the project is now.

    Raises
    ------
    InputError
        If a folder or none of the inspection files can be read.
    """
    images, inspection = project.images, project.inspection
    if inspection is None:
        return scan_set(images, root, reporter)
    paths = [root / file.path for file in inspection.files]
    kept = frozenset(path for path, _ in images.wholes)
    named = list_klarfs(root, paths, inspection.choice, reporter, kept).images
    # Single defects have the records of the images in which they are, and no images are added to them.
    if images.are_defects or not np.any(inspection.file_of == NO_SOURCE):
        return named
    return _joined(root, (*_added(images, inspection, root, reporter), named))


def _added(images: ImageSet, inspection: Inspection, root: Path, reporter: Reporter) -> tuple[Listing, ...]:
    """List the images that no inspection file names, as folders were added to the project."""
    folders = [each for each in images.folders if not any(_is_in(f.path, each) for f in inspection.files)]
    scanned = scan_set(replace(images, folders=tuple(folders)), root, reporter)
    # Where inspection files lie, images that they do not name are no new ones.
    known = [
        image
        for image, source in zip(images.images, inspection.file_of.tolist(), strict=True)
        if source == NO_SOURCE and not any(_is_in(image.path, each) for each in folders)
    ]
    beside = listing_of(ImageSet(root, tuple(known), ()))
    unused = [
        found_file(root, item.path)
        for item in images.rejected
        if not may_be_klarf(item.path) and not any(_is_in(item.path, each) for each in folders)
    ]
    return scanned, beside, _listing(root, unused)


def _is_in(path: str, folder: str) -> bool:
    return not folder or path.startswith(f"{folder}/")


def _listing(root: Path, found: list[FoundFile | Rejection]) -> Listing:
    files = tuple(each for each in found if isinstance(each, FoundFile))
    return Listing(root, files, tuple(each for each in found if isinstance(each, Rejection)))


def _joined(root: Path, listings: tuple[Listing, ...]) -> Listing:
    """Return one listing, in which the later of two entries of a file counts."""
    files = {file.path: file for listing in listings for file in listing.files}
    rejected = {(item.path, item.reason): item for listing in listings for item in listing.rejected}
    return Listing(
        root,
        tuple(files[path] for path in sorted(files)),
        tuple(rejected[key] for key in sorted(rejected) if key[0] not in files),
    )
