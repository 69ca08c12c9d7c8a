"""Reads sessions and result folders to be counted together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from defect_workbench.core.errors import InputError, WorkbenchError, concerning
from defect_workbench.core.pareto.class_counts import Basis
from defect_workbench.core.pareto.classed_images import ClassedImages
from defect_workbench.core.pareto.project_classes import classed_images, has_decided
from defect_workbench.core.progress import Reporter
from defect_workbench.core.project.project_state import Project
from defect_workbench.core.result_files import MANIFEST, SESSION
from defect_workbench.core.text import and_more
from defect_workbench.storage.pareto.result_classes import has_labels, result_classes
from defect_workbench.storage.result.result_folder import session_of
from defect_workbench.storage.session.session_file import load_session

_LOT = "lot"


def read_sources(
    results: Sequence[Path], by: str, basis: Basis | None, reporter: Reporter
) -> tuple[list[ClassedImages], Basis]:
    """Return the images of sessions and result folders with their classes, and which classes count.

    Parameters
    ----------
    by : str
        The column to count by.
    basis : Basis or None
        None for named or confirmed classes if there are any, else all clusters.

    Raises
    ------
    InputError
        If one cannot be read or is given twice.
    """
    _check_different(results)
    read = []
    for path in results:
        reporter.stage(f"Reading {path.name or path}", None)
        read.append(_read(path))
        reporter.check()
    if basis is None:
        basis = Basis.NAMED if any(each.decided for each in read) else Basis.ALL
    sources = [each.classed(basis) for each in read]
    return (sources if len(sources) == 1 else _put_together(sources, by)), basis


def _put_together(sources: Sequence[ClassedImages], by: str) -> list[ClassedImages]:
    """Return several sources with different names; each has a lot, if that is what is counted by."""
    named = _distinct_names(sources)
    without = [source.name for source in named if source.column(by) is None]
    if by.casefold() == _LOT:
        result = [source.with_lot() for source in named]
        remark = f"nothing says which lot {and_more(without, 3)} is, so its name counts as its lot"
        if len(without) == len(named):
            remark = "there is no column lot, so each result counts as one lot"
    elif len(without) == len(named):
        # A message about the missing column then lists it, too.
        return [source.with_lot() for source in named]
    else:
        result, remark = list(named), f"there is no column {by} in {and_more(without, 3)}"
    if without:
        result[0] = replace(result[0], remarks=(*result[0].remarks, remark))
    return result


def _distinct_names(sources: Sequence[ClassedImages]) -> list[ClassedImages]:
    taken: dict[str, int] = {}
    result = []
    for source in sources:
        number = taken[source.name] = taken.get(source.name, 0) + 1
        result.append(source if number == 1 else replace(source, name=f"{source.name} ({number})"))
    return result


def _check_different(results: Sequence[Path]) -> None:
    seen: dict[Path, Path] = {}
    for path in results:
        if path.resolve() in seen:
            raise InputError(f"{path} is given twice, so its images would count twice")
        seen[path.resolve()] = path


@dataclass(frozen=True, eq=False)
class _Result:
    """A session, or a result folder without one that can be read."""

    name: str
    folder: Path
    project: Project | None
    remarks: tuple[str, ...] = ()

    @property
    def decided(self) -> bool:
        """Whether a user or a classifier gave an image a class."""
        return has_labels(self.folder) if self.project is None else has_decided(self.project.partition)

    def classed(self, basis: Basis) -> ClassedImages:
        """Return the images with the classes that count."""
        if self.project is None:
            images = result_classes(self.folder, basis)
        else:
            images = classed_images(self.project, basis)
        return replace(images, name=self.name, remarks=(*images.remarks, *self.remarks))


def _read(path: Path) -> _Result:
    if not path.is_dir():
        # The session of a result folder has the same name in every one.
        folder = path.absolute().parent
        in_result = path.name == SESSION and (folder / MANIFEST).is_file()
        return _Result(folder.name if in_result else path.stem, folder, _session(path))
    name = path.resolve().name or "/"
    if not (path / MANIFEST).is_file():
        raise InputError(f"{path} is neither a result folder nor a session: it has no {MANIFEST}")
    try:
        session = session_of(path)
    except WorkbenchError:
        session = path / SESSION
    if not session.is_file():
        return _Result(name, path, None)
    try:
        return _Result(name, path, _session(session))
    except WorkbenchError as error:
        return _Result(name, path, None, (f"the session of {name} was not used: {error}",))


def _session(path: Path) -> Project:
    with concerning(path):
        return load_session(path)
