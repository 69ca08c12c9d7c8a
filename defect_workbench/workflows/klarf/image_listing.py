"""List the images at a path: those of a folder, of an inspection file, or of a folder of such files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from defect_workbench.core.errors import InputError
from defect_workbench.core.images.image_records import ImageSet
from defect_workbench.core.progress import Reporter
from defect_workbench.core.text import and_more
from defect_workbench.core.wafer.inspection import Inspection
from defect_workbench.core.wafer.picture_choice import USUAL, PictureChoice, parse_references, references_of
from defect_workbench.engine.input.scan import Listing, scan
from defect_workbench.workflows.klarf.klarf_listing import KlarfListing, list_klarfs

# Inspection tools number results, so that any three digits may end a name.
_ENDINGS = (".klarf", ".klr", ".kla")


@dataclass(frozen=True)
class ImageSource:
    """Where images come from.

    Attributes
    ----------
    path : Path
        A folder, or a KLARF file.
    klarf : bool
        Whether a folder contains KLARF files, whose images are to be used.
    choice : PictureChoice
        Which pictures of a KLARF file are used.
    """

    path: Path
    klarf: bool = False
    choice: PictureChoice = USUAL

    def as_json(self) -> dict[str, str | bool]:
        """Return the source as JSON values."""
        return {
            "path": os.path.abspath(self.path),
            "klarf": self.klarf,
            "described": self.choice.described,
            "reference": self.choice.reference,
        }

    @staticmethod
    def from_json(fields: Mapping[str, object]) -> ImageSource | None:
        """Return the source from the result of `as_json`; None if a value is missing or has another type."""
        path, described, reference = (fields.get(name) for name in ("path", "described", "reference"))
        if not (isinstance(path, str) and isinstance(described, str) and isinstance(reference, str)):
            return None
        return ImageSource(Path(path), fields.get("klarf") is True, PictureChoice(described, reference))


@dataclass(frozen=True, eq=False)
class ListedImages:
    """The images of a source.

    Attributes
    ----------
    listing : Listing
    klarf : KlarfListing or None
        What inspection files say about them.
    reference : str
        For `Settings.reference`: the golden references that inspection files name; empty if there are none.
    """

    listing: Listing
    klarf: KlarfListing | None = None
    reference: str = ""

    @property
    def has_pages(self) -> bool:
        """Whether images are pages of a file."""
        return any(file.page for file in self.listing.files)

    def inspection(self, images: ImageSet) -> Inspection | None:
        """Return what inspection files say about the images of a set; None without such files."""
        return None if self.klarf is None else self.klarf.inspection(images)


def list_images(source: ImageSource, reporter: Reporter) -> ListedImages:
    """List the images of a source.

    Raises
    ------
    InputError
        If the path does not exist or cannot be read, contains no KLARF file although it should, or a KLARF
        file cannot be read or names no pictures.
    """
    path = Path(os.path.abspath(source.path))
    if not source.klarf and not path.is_file():
        listing = scan(path, reporter)
        _mention_klarfs(path, reporter)
        return ListedImages(listing)
    klarfs = klarf_files(path)
    if not klarfs and path.is_file():
        raise InputError(f"{path} is not a folder, nor an inspection file (KLARF)")
    if not klarfs:
        raise InputError(f"{path} contains no inspection file (KLARF)")
    root = path.parent if path.is_file() else path
    found = list_klarfs(root, klarfs, source.choice, reporter)
    named = found.references is not None
    return ListedImages(found.images, found, references_of(str(path), source.choice) if named else "")


def list_references(reference: Path | str | None, reporter: Reporter) -> Listing | None:
    """List the golden references in a folder, or those that inspection files name; None without either.

    Raises
    ------
    InputError
        If there are none.
    """
    if reference is None or str(reference) == "":
        return None
    named = parse_references(str(reference))
    if named is not None:
        path, choice = Path(named[0]), named[1]
        found = list_images(ImageSource(path, path.is_dir(), choice), reporter).klarf
        if found is None or found.references is None:
            raise InputError(f"{path} names no reference pictures")
        return found.references
    references = scan(Path(os.path.abspath(reference)), reporter)
    if not references.files:
        raise InputError(f"{reference} contains no images, and should contain the golden references")
    return references


def klarf_files(path: Path) -> list[Path]:
    """Return a KLARF file, or those in a folder and its subfolders, in the order of their paths."""
    from defect_workbench.storage.klarf.klarf_file import is_klarf

    if path.is_file():
        return [path] if is_klarf(path) else []
    found = []
    for parent, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [Path(parent) / name for name in names if may_be_klarf(name)]
    return [each for each in sorted(found) if is_klarf(each)]


def may_be_klarf(name: str) -> bool:
    """Whether a file may be a KLARF file, judged by its name."""
    ending = os.path.splitext(name.casefold())[1]
    return ending in _ENDINGS or (len(ending) == 4 and ending[1:].isdigit())


def _mention_klarfs(folder: Path, reporter: Reporter) -> None:
    """Say that a folder contains inspection files, which are not used."""
    from defect_workbench.storage.klarf.klarf_file import is_klarf

    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if may_be_klarf(entry.name) and entry.is_file())
    except OSError:
        return
    names = [name for name in names if is_klarf(folder / name)]
    if names:
        what = "an inspection file (KLARF)" if len(names) == 1 else "inspection files (KLARF)"
        used = "it is not used. Open the file itself" if len(names) == 1 else "they are not used. Open these"
        reporter.warn(
            f"{folder} contains {what}, {and_more(names, 2)}; {used} to see wafers and to write classes back"
        )
