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


@dataclass(frozen=True, eq=False)
class _Source:
    """An inspection file whose images are listed.

    Attributes
    ----------
    name : str
        Its path relative to the root.
    at : PictureFiles
        Where its pictures are.
    """

    klarf: KlarfFile
    name: str
    at: PictureFiles

    def path_of(self, picture: KlarfPicture) -> str | None:
        """Return where a picture's file is, relative to the root, or None if there is no such file."""
        beside = self.at.find(picture.file)
        folder = self.name.rpartition("/")[0]
        return beside if beside is None or not folder else f"{folder}/{beside}"


@dataclass
class _Found:
    """What was found so far."""

    root: Path
    choice: PictureChoice
    kept: frozenset[str]
    images: dict[str, FoundFile] = field(default_factory=dict)
    references: dict[str, FoundFile] = field(default_factory=dict)
    reference_of: dict[str, str] = field(default_factory=dict)
    record_of: dict[str, tuple[int, int]] = field(default_factory=dict)
    rejected: list[Rejection] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    states: dict[str, FoundFile | Rejection] = field(default_factory=dict)
    paged: dict[str, bool] = field(default_factory=dict)
    sources: list[_Source] = field(default_factory=list)
    # Files of pictures that are missing or cannot be used.
    unusable: set[str] = field(default_factory=set)


def list_klarfs(
    root: Path,
    paths: Sequence[Path],
    choice: PictureChoice,
    reporter: Reporter,
    kept: frozenset[str] = frozenset(),
) -> KlarfListing:
    """Return the images that KLARF files name.

    Parameters
    ----------
    root : Path
        Folder to which the paths of the images are relative.
    paths : sequence of Path
        The KLARF files, below it. With several, those that cannot be read are listed as rejected.
    kept : frozenset of str
        Paths of images of an earlier listing, which stay images: earlier versions listed further pictures of
        a defect that another file lists already.

    Raises
    ------
    InputError
        If none of them can be read, or no defect has pictures of the kind that is asked for.
    """
    from defect_workbench.storage.klarf.reading import read_klarf

    reporter.stage("Reading inspection files", len(paths))
    found = _Found(root, choice, kept)
    for path in paths:
        reporter.check()
        name = path.relative_to(root).as_posix()
        try:
            klarf = read_klarf(path)
        except InputError as error:
            if len(paths) == 1:
                raise
            found.rejected.append(Rejection(decodable(name), str(error)))
        else:
            _add(found, klarf, name, reporter)
        reporter.advance()
    if not found.sources:
        raise InputError(f"none of the inspection files can be read; first: {found.rejected[0].reason}")
    klarfs = tuple(source.klarf for source in found.sources)
    files = tuple(InspectionFile(each.name, each.klarf.sha256, each.klarf.version) for each in found.sources)
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
    return KlarfListing(images, references, klarfs, files, found.record_of, choice)


def _add(found: _Found, klarf: KlarfFile, name: str, reporter: Reporter) -> None:
    """Add the pictures of the defects of a file; reject one that only repeats other files, as a copy does."""
    for problem in klarf.problems:
        found.rejected.append(Rejection(decodable(name), f"line {problem.line:,}: {problem.reason}"))
    source = _Source(klarf, name, PictureFiles(klarf.path))
    images, rejected, unusable = len(found.images), len(found.rejected), len(found.unusable)
    owners = _add_pictures(found, source, reporter)
    # Pictures that the other files lack, too, do not make it another lot.
    is_new = len(found.images) > images or len(found.unusable) > unusable
    if is_new or not owners:
        found.sources.append(source)
        return
    del found.rejected[rejected:]
    others = and_more([found.sources[owner].name for owner in owners], 2)
    reason = f"its pictures are those of {others}, which was read first, so nothing of it is used"
    found.rejected.append(Rejection(decodable(name), reason))


def _add_pictures(found: _Found, source: _Source, reporter: Reporter) -> list[int]:
    """Add the pictures of a file and return the numbers of the files that have some of them already."""
    number = len(found.sources)
    owners: dict[int, None] = {}
    for row, pictures in enumerate(source.klarf.pictures):
        if row % 1024 == 0:
            reporter.check()
        described: list[str] = []
        reference = ""
        listed: tuple[_Source, int] | None = None
        for position, picture in enumerate(pictures):
            found.kinds[picture.kind] += 1
            # If another file lists the defect, its second picture is not its first one here.
            is_first = not described and not (listed and _is_repeated(found, source, picture, *listed))
            if found.choice.is_described(picture.kind, position, first=is_first):
                file = _file(found, source, picture)
                if file is None:
                    continue
                if file.path in found.record_of:
                    owner, owner_row = found.record_of[file.path]
                    if owner != number:
                        owners[owner] = None
                        listed = found.sources[owner], owner_row
                    reason = f"line {picture.line:,}: another defect has the same picture, {file.path}"
                    found.rejected.append(Rejection(decodable(source.name), reason))
                    continue
                found.images[file.path] = file
                found.record_of[file.path] = number, row
                described.append(file.path)
            elif not reference and found.choice.is_reference(picture.kind, position):
                file = _file(found, source, picture)
                if file is not None:
                    found.references[file.path] = file
                    reference = file.path
        if reference:
            found.reference_of |= dict.fromkeys(described, reference)
    return list(owners)


def _is_repeated(found: _Found, source: _Source, picture: KlarfPicture, owner: _Source, row: int) -> bool:
    """Whether a picture is one of a defect that another file lists."""
    file, page = source.path_of(picture), picture.page
    if file is not None and not found.kept.isdisjoint((file, page_path(file, page or 0))):
        return False
    return any(page == each.page and file == owner.path_of(each) for each in owner.klarf.pictures[row])


def _file(found: _Found, source: _Source, picture: KlarfPicture) -> FoundFile | None:
    """Return the file or page of a picture; None if it is missing, which is then listed."""
    file = source.path_of(picture)
    if file is None:
        named = picture.file or "a TIFF file of the same name"
        found.unusable.add(f"{source.name.rpartition('/')[0]}/{picture.file or source.name}")
        found.rejected.append(
            Rejection(decodable(source.name), f"line {picture.line:,}: its picture {named} does not exist")
        )
        return None
    if file not in found.states:
        found.states[file] = found_file(found.root, file)
        # A file with a single page is the image, whatever number the page has.
        paged = file.casefold().endswith(_TIFF) and has_page(found.root / file, 2)
        found.paged[file] = paged
    state = found.states[file]
    if isinstance(state, Rejection):
        found.unusable.add(file)
        found.rejected.append(
            Rejection(decodable(source.name), f"line {picture.line:,}: {picture.file}: {state.reason}")
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
