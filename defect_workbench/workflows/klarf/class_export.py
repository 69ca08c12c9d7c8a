"""Write confirmed classes back into inspection files: new files, in which nothing else differs."""

from __future__ import annotations

import hashlib
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from defect_workbench.core.errors import InputError, Remedy, WorkbenchError
from defect_workbench.core.project.class_library import ClassLibrary
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.safe_reading import read_regular, why_not_written
from defect_workbench.core.text import and_more, counted
from defect_workbench.core.wafer.class_column import STANDARD_COLUMN
from defect_workbench.core.wafer.inspection import NO_SOURCE, Inspection, InspectionFile
from defect_workbench.storage.files.publishing import publish

# The columns are 32-bit integers in version 1.8.
_HIGHEST_CODE = 2**31 - 1
_MOST_BYTES = 4 << 30
_LISTED = 5


@dataclass(frozen=True)
class KlarfRequest:
    """Where classes are written, and how.

    Attributes
    ----------
    file : Path
        A new file; a new folder if the images are from several inspection files.
    column : str
        The column that gets the class numbers; an overlay may name one that the source does not have.
    overlay : bool
        Write small files with defect number and class only.
    classes : ClassLibrary
        Where the numbers of the classes are.
    """

    file: Path
    column: str = STANDARD_COLUMN
    overlay: bool = False
    classes: ClassLibrary = field(default_factory=ClassLibrary)


@dataclass(frozen=True, eq=False)
class WrittenKlarf:
    """A file to write.

    Attributes
    ----------
    source, target : Path
    content : bytes
    defects : int
        Defects whose class is written.
    lines : list of (int, str, str)
        The lines that differ from the source: number, before and after.
    """

    source: Path
    target: Path
    content: bytes
    defects: int
    lines: list[tuple[int, str, str]]


@dataclass(frozen=True)
class WrittenClass:
    """A class that is written, with the number that stands for it."""

    name: str
    code: int
    defects: int


@dataclass(frozen=True, eq=False)
class KlarfPlan:
    """What an export to inspection files writes.

    Attributes
    ----------
    classes : tuple of WrittenClass
        In the order of their numbers.
    undecided : int
        Images whose class is not written, as it is unconfirmed or an outlier without a class.
    unnamed : int
        Those of them that are in confirmed clusters without a name.
    """

    files: tuple[WrittenKlarf, ...]
    classes: tuple[WrittenClass, ...]
    undecided: int
    unnamed: int

    @property
    def defects(self) -> int:
        """Defects whose class is written."""
        return sum(each.defects for each in self.files)


def plan_klarf(project: Project, request: KlarfRequest) -> KlarfPlan:
    """Return the files that would be written, without writing any.

    Only images that the user confirmed in a named cluster have a class.

    Raises
    ------
    InputError
        If the images are not from inspection files, one of these has changed, a class has no usable number,
        two classes share one, a defect has two classes, or the target exists.
    """
    inspection = project.inspection
    if inspection is None or not inspection.files:
        raise InputError(
            "these images were not opened from an inspection file (KLARF), so there is none to write"
        )
    several = len(inspection.files) > 1
    _check_target(request.file, "folder" if several else "file")
    class_of, unnamed = confirmed_classes(project)
    codes = _codes(set(class_of.values()), request.classes)
    rows = _codes_of_rows(project, inspection, class_of, codes)
    files = []
    for number, file in enumerate(inspection.files):
        target = request.file / PurePosixPath(file.path) if several else request.file
        names = {codes[name]: name for name in codes}
        files.append(
            _written(project.images.root / file.path, file, target, rows.get(number, {}), names, request)
        )
    counts = Counter(code for of_file in rows.values() for code in of_file.values())
    classes = [WrittenClass(name, code, counts[code]) for name, code in codes.items()]
    classes.sort(key=lambda each: each.code)
    known = sum(int(each) != NO_SOURCE for each in inspection.file_of)
    return KlarfPlan(tuple(files), tuple(classes), known - len(class_of), unnamed)


def write_klarf(plan: KlarfPlan) -> None:
    """Write the files of a plan, all or none.

    Raises
    ------
    WorkbenchError
        If a file cannot be written, or exists by now.
    """
    for each in plan.files:
        try:
            each.target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise WorkbenchError(
                f"{each.target.parent} cannot be created: {why_not_written(error)}"
            ) from error
    publish(plan.files[0].target, {each.target: each.content for each in plan.files})


def confirmed_classes(project: Project) -> tuple[dict[int, str], int]:
    """Return the class of each image whose class a user confirmed, by index, and how many lack only a name.

    Nuisance has a class only if it was named; images that no inspection file names have none.
    """
    if project.inspection is None:
        return {}, 0
    known = project.inspection.file_of != NO_SOURCE
    found: dict[int, str] = {}
    unnamed = 0
    for cluster in project.partition.clusters:
        group = cluster.group
        if group is None or not group.confirmed:
            continue
        members = cluster.members[known[cluster.members]].tolist()
        if group.name:
            found |= dict.fromkeys(members, group.name)
        else:
            unnamed += len(members)
    return found, unnamed


def _check_target(file: Path, kind: str) -> None:
    if os.path.lexists(file):
        raise InputError(f"{file} already exists, so nothing was written; name a new {kind}")
    parent = Path(os.path.abspath(file)).parent
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        raise InputError(f"{file} cannot be written: {parent} is not a writable folder")


def _codes(names: Iterable[str], library: ClassLibrary) -> dict[str, int]:
    """Return the number of each class.

    Raises
    ------
    InputError
        With a list of the classes that have none, an unusable one, or that of another class.
    """
    codes: dict[str, int] = {}
    problems: list[str] = []
    for name in sorted(names):
        known = library.find(name)
        code = "" if known is None else known.code.strip()
        if not code:
            problems.append(f"{name} has no code")
        elif not code.isascii() or not code.isdigit() or int(code) > _HIGHEST_CODE:
            problems.append(
                f"{name} has the code {code[:40]}, which is not a whole number from 0 to {_HIGHEST_CODE:,}"
            )
        else:
            codes[name] = int(code)
    by_code: dict[int, list[str]] = defaultdict(list)
    for name, number in codes.items():
        by_code[number].append(name)
    for number, same in by_code.items():
        if len(same) > 1:
            problems.append(f"{' and '.join(same)} have the same code {number}")
    if problems:
        raise InputError(
            f"the class library does not have the codes that are needed, so nothing was written: "
            f"{'; '.join(problems)}",
            Remedy.ENTER_CODES,
        )
    return codes


def _codes_of_rows(
    project: Project, inspection: Inspection, class_of: Mapping[int, str], codes: Mapping[str, int]
) -> dict[int, dict[int, int]]:
    """Return for each file the class number of each row.

    Raises
    ------
    InputError
        If several images of a defect were confirmed in different classes.
    """
    rows: dict[int, dict[int, int]] = defaultdict(dict)
    conflicts: list[str] = []
    for image, name in class_of.items():
        file, row = int(inspection.file_of[image]), int(inspection.row[image])
        earlier = rows[file].setdefault(row, codes[name])
        if earlier != codes[name]:
            conflicts.append(f"defect {int(inspection.defect_id[image])} of {inspection.files[file].path}")
    if conflicts:
        raise InputError(
            "images of one defect were confirmed in different classes, so nothing was written: "
            f"{and_more(list(dict.fromkeys(conflicts)), _LISTED)}"
        )
    return rows


def _written(
    source: Path,
    file: InspectionFile,
    target: Path,
    codes: Mapping[int, int],
    names: Mapping[int, str],
    request: KlarfRequest,
) -> WrittenKlarf:
    from defect_workbench.storage.klarf.reading import parsed
    from defect_workbench.storage.klarf.write_classes import (
        changed_lines,
        overlay,
        with_class_names,
        with_classes,
    )

    try:
        before = read_regular(source, _MOST_BYTES)
    except OSError as error:
        raise InputError(f"{source} cannot be read: {error.strerror or error}", Remedy.FIND_IMAGES) from error
    if hashlib.sha256(before).hexdigest() != file.sha256:
        raise InputError(f"{source} has changed since its images were opened, so nothing was written")
    klarf = parsed(source, before)
    if codes:
        # What is read besides the source may give the column any name.
        if request.column not in klarf.class_columns and not request.overlay:
            known = ", ".join(klarf.class_columns) or "none"
            raise InputError(f"{source} has no class column {request.column}; it has {known}")
        if request.column == STANDARD_COLUMN:
            _check_lookup(source, klarf.classes, {code: names[code] for code in set(codes.values())}, request)
    used = {code: names[code] for code in set(codes.values())}
    if request.overlay:
        small = overlay(before, request.column, codes)
        return WrittenKlarf(source, target, with_class_names(small, used), len(codes), [])
    after = with_classes(before, request.column, codes, used)
    return WrittenKlarf(source, target, after, len(codes), changed_lines(before, after))


def _check_lookup(
    source: Path, lookup: Mapping[int, str], used: Mapping[int, str], request: KlarfRequest
) -> None:
    """Check that numbers and classes belong together in the lookup of the source as they do here.

    Raises
    ------
    InputError
        If a number stands for another class there, or a class has another number.
    """
    number_of = {name.strip().casefold(): number for number, name in lookup.items()}
    problems = []
    for code, name in sorted(used.items()):
        there = lookup.get(code)
        known = request.classes.find(name)
        names = (name.casefold(), *(known.names if known is not None else ()))
        numbers = [number_of[each] for each in names if each in number_of]
        if there is not None and there.strip().casefold() not in names:
            problems.append(f"{code} is {there} there, and {name} in the class library")
        elif there is None and numbers:
            problems.append(f"{name} has the code {numbers[0]} there, and {code} in the class library")
    if problems:
        raise InputError(
            f"the classes of {source} have other numbers, so nothing was written: {'; '.join(problems)}",
            Remedy.ENTER_CODES,
        )


def unnamed_words(plan: KlarfPlan) -> str:
    """Return how many images lack only the name of their cluster; an empty text if none does."""
    if not plan.unnamed:
        return ""
    if plan.unnamed == 1:
        return "1 image belongs to a confirmed cluster without a name; name it to write its class"
    images = counted(plan.unnamed, "image")
    return f"{images} belong to confirmed clusters without a name; name these to write their classes"
