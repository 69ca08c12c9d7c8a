"""List the images that inspection files name, without reading any of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from defect_workbench.core.errors import InputError
from defect_workbench.core.images.image_locations import page_path
from defect_workbench.core.images.image_records import ImageSet, Rejection
from defect_workbench.core.progress import Reporter
from defect_workbench.core.text import and_more, counted
from defect_workbench.core.wafer.gathered_records import gathered_columns, gathered_places
from defect_workbench.core.wafer.inspection import NO_SOURCE, Inspection, InspectionFile
from defect_workbench.core.wafer.picture_choice import ALL, AUTO, FIRST, NONE, SECOND, PictureChoice
from defect_workbench.engine.input.scan import FoundFile, Listing, decodable, found_file
from defect_workbench.engine.input.tiff_pages import has_page
from defect_workbench.workflows.klarf.picture_files import PictureFiles

if TYPE_CHECKING:
    from defect_workbench.storage.klarf.klarf_file import KlarfFile, KlarfPicture

_TIFF = (".tif", ".tiff", ".i01")


@dataclass(frozen=True, eq=False)
class KlarfListing:
    """The images that KLARF files name.

    Attributes
    ----------
    images : Listing
    references : Listing or None
        The golden references; None if there are none.
    klarfs : tuple of KlarfFile
    files : tuple of InspectionFile
        The same, with paths relative to the root.
    record_of : mapping of str to (int, int)
        File and row of the defect, by the path of the image.
    choice : PictureChoice
    """

    images: Listing
    references: Listing | None
    klarfs: tuple[KlarfFile, ...]
    files: tuple[InspectionFile, ...]
    record_of: dict[str, tuple[int, int]]
    choice: PictureChoice

    def inspection(self, images: ImageSet) -> Inspection:
        """Return the records of the images of a set, which need not be all of the listed ones.

        Single defects have the record of the image in which they were found.
        """
        nothing = (NO_SOURCE, -1)
        records = [self.record_of.get(image.whole, nothing) for image in images.images]
        file_of = np.array([file for file, _ in records], np.intp)
        rows = np.array([row for _, row in records], np.intp)
        defect_id = np.full(len(records), -1, np.intp)
        for number, klarf in enumerate(self.klarfs):
            own = file_of == number
            defect_id[own] = klarf.defect_id[rows[own]]
        return Inspection(
            self.files,
            file_of,
            rows,
            defect_id,
            gathered_places([klarf.places for klarf in self.klarfs], file_of, rows),
            gathered_columns([klarf.columns for klarf in self.klarfs], file_of, rows),
            self.choice,
        )


@dataclass
class _Found:
    """What was found so far."""

    root: Path
    choice: PictureChoice
    images: dict[str, FoundFile] = field(default_factory=dict)
    references: dict[str, FoundFile] = field(default_factory=dict)
    reference_of: dict[str, str] = field(default_factory=dict)
    record_of: dict[str, tuple[int, int]] = field(default_factory=dict)
    rejected: list[Rejection] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    states: dict[str, FoundFile | Rejection] = field(default_factory=dict)
    paged: dict[str, bool] = field(default_factory=dict)


def list_klarfs(root: Path, paths: Sequence[Path], choice: PictureChoice, reporter: Reporter) -> KlarfListing:
    """Return the images that KLARF files name.

    Parameters
    ----------
    root : Path
        Folder to which the paths of the images are relative.
    paths : sequence of Path
        The KLARF files, below it. With several, those that cannot be read are listed as rejected.

    Raises
    ------
    InputError
        If none of them can be read, or no defect has pictures of the kind that is asked for.
    """
    from defect_workbench.storage.klarf.reading import read_klarf

    reporter.stage("Reading inspection files", len(paths))
    found = _Found(root, choice)
    klarfs: list[KlarfFile] = []
    files: list[InspectionFile] = []
    for path in paths:
        reporter.check()
        name = path.relative_to(root).as_posix()
        try:
            klarf = read_klarf(path)
        except InputError as error:
            if len(paths) == 1:
                raise
            found.rejected.append(Rejection(decodable(name), str(error)))
            continue
        for problem in klarf.problems:
            found.rejected.append(Rejection(decodable(name), f"line {problem.line:,}: {problem.reason}"))
        before = len(found.rejected)
        owners = _add(found, klarf, name, len(klarfs), reporter)
        if owners:
            del found.rejected[before:]
            others = and_more([files[owner].path for owner in owners], 2)
            reason = f"its pictures are those of {others}, which was read first, so nothing of it is used"
            found.rejected.append(Rejection(decodable(name), reason))
            continue
        klarfs.append(klarf)
        files.append(InspectionFile(name, klarf.sha256, klarf.version))
        reporter.advance()
    if not klarfs:
        raise InputError(f"none of the inspection files can be read; first: {found.rejected[0].reason}")
    _check_kinds(found)
    if not found.images and not found.rejected:
        number = counted(sum(len(klarf) for klarf in klarfs), "defect")
        raise InputError(
            f"no pictures are named for {number} in {and_more([file.path for file in files], 2)}"
        )
    images = Listing(root, _sorted(found.images.values()), tuple(sorted(found.rejected, key=_by_path)))
    references = None
    if found.reference_of:
        references = Listing(root, _sorted(found.references.values()), (), found.reference_of)
    return KlarfListing(images, references, tuple(klarfs), tuple(files), found.record_of, choice)


def _add(found: _Found, klarf: KlarfFile, name: str, number: int, reporter: Reporter) -> list[int]:
    """Add the pictures of the defects of a file.

    If all of them belong to other files, as in a copy with classes, return the numbers of these files.
    """
    at = PictureFiles(klarf.path)
    owners: dict[int, None] = {}
    added = False
    folder = name.rpartition("/")[0]
    for row, pictures in enumerate(klarf.pictures):
        if row % 1024 == 0:
            reporter.check()
        described: list[str] = []
        reference = ""
        for position, picture in enumerate(pictures):
            found.kinds[picture.kind] += 1
            if found.choice.is_described(picture.kind, position, first=not described):
                file = _file(found, at, folder, picture, name)
                if file is None:
                    continue
                if file.path in found.record_of:
                    owners[found.record_of[file.path][0]] = None
                    reason = f"line {picture.line:,}: another defect has the same picture, {file.path}"
                    found.rejected.append(Rejection(name, reason))
                    continue
                found.images[file.path] = file
                found.record_of[file.path] = number, row
                described.append(file.path)
                added = True
            elif not reference and found.choice.is_reference(picture.kind, position):
                file = _file(found, at, folder, picture, name)
                if file is not None:
                    found.references[file.path] = file
                    reference = file.path
        if reference:
            found.reference_of |= dict.fromkeys(described, reference)
    return [] if added else list(owners)


def _file(
    found: _Found, at: PictureFiles, folder: str, picture: KlarfPicture, klarf: str
) -> FoundFile | None:
    """Return the file or page of a picture; None if it is missing, which is then listed."""
    beside = at.find(picture.file)
    if beside is None:
        named = picture.file or "a TIFF file of the same name"
        found.rejected.append(
            Rejection(decodable(klarf), f"line {picture.line:,}: its picture {named} does not exist")
        )
        return None
    file = f"{folder}/{beside}" if folder else beside
    if file not in found.states:
        found.states[file] = found_file(found.root, file)
        # A file with a single page is the image, whatever number the page has.
        paged = file.casefold().endswith(_TIFF) and has_page(found.root / file, 2)
        found.paged[file] = paged
    state = found.states[file]
    if isinstance(state, Rejection):
        found.rejected.append(
            Rejection(decodable(klarf), f"line {picture.line:,}: {picture.file}: {state.reason}")
        )
        return None
    page = picture.page if found.paged[file] and picture.page else 0
    return replace(state, path=page_path(file, page), page=page)


def _check_kinds(found: _Found) -> None:
    """Check that there are pictures of the kinds that were asked for.

    Raises
    ------
    InputError
        If there are none; it names those that there are.
    """
    for kind, standard in (
        (found.choice.described, (FIRST, ALL)),
        (found.choice.reference, (AUTO, NONE, SECOND)),
    ):
        if kind not in standard and kind not in found.kinds:
            known = ", ".join(f"{name or '(unnamed)'} ({number:,})" for name, number in found.kinds.items())
            raise InputError(f"there are no pictures of the kind {kind}; there are {known or 'no pictures'}")


def _sorted(files: Iterable[FoundFile]) -> tuple[FoundFile, ...]:
    return tuple(sorted(files, key=lambda file: file.path))


def _by_path(rejection: Rejection) -> str:
    return rejection.path
