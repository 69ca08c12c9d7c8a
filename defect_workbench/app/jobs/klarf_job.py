"""Jobs about inspection files: which pictures they name, and classes that are written back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from defect_workbench.app.jobs.runner import JobReporter, ResultOnDisk, Work
from defect_workbench.core.project.project_state import Project
from defect_workbench.workflows.klarf.class_export import KlarfPlan, KlarfRequest, plan_klarf, write_klarf


@dataclass(frozen=True)
class KindsRead:
    """The kinds of pictures that an inspection file names.

    Attributes
    ----------
    kinds : mapping of str to int
        The number of pictures of each kind, in the order of the file.
    defects : int
    several : bool
        Whether a defect has several pictures.
    """

    path: Path
    kinds: Mapping[str, int]
    defects: int
    several: bool


@dataclass(frozen=True, eq=False)
class KlarfPlanned:
    """What writing classes would change."""

    request: KlarfRequest
    plan: KlarfPlan


@dataclass(frozen=True)
class KlarfWritten(ResultOnDisk):
    """Classes were written to a new inspection file, or to a folder of such files."""

    path: Path
    defects: int
    undecided: int


def read_kinds(path: Path) -> Work:
    """Return the job that reads which pictures an inspection file names."""

    def work(reporter: JobReporter) -> KindsRead:
        from defect_workbench.storage.klarf.reading import read_klarf

        klarf = read_klarf(path)
        kinds = Counter(picture.kind for pictures in klarf.pictures for picture in pictures)
        several = any(len(pictures) > 1 for pictures in klarf.pictures)
        return KindsRead(path, kinds, len(klarf), several)

    return work


def plan(project: Project, request: KlarfRequest) -> Work:
    """Return the job that lists what writing classes would change."""

    def work(reporter: JobReporter) -> KlarfPlanned:
        return KlarfPlanned(request, plan_klarf(project, request))

    return work


def write(project: Project, request: KlarfRequest) -> Work:
    """Return the job that writes the confirmed classes."""

    def work(reporter: JobReporter) -> KlarfWritten:
        reporter.stage("Writing classes", None)
        planned = plan_klarf(project, request)
        reporter.check()
        write_klarf(planned)
        return KlarfWritten(request.file, planned.defects, planned.undecided)

    return work
