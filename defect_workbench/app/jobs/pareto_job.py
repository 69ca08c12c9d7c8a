"""Jobs of the Pareto tab: counting, and writing a chart to a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from defect_workbench.app.jobs.runner import JobReporter, ResultOnDisk, Work
from defect_workbench.core.pareto.class_counts import Basis, Measure
from defect_workbench.core.pareto.classed_images import Columns, constant
from defect_workbench.core.pareto.counting import Counted, count
from defect_workbench.core.pareto.pareto_chart import ParetoChart
from defect_workbench.core.pareto.project_classes import project_columns, with_classes
from defect_workbench.core.project.project_state import Project

EVERYTHING = "all images"
# What to count by if nothing was chosen, the first one that has several values.
_FIRST = ("lot", "wafer", "step", "recipe", "tool", "time", "folder")


@dataclass(frozen=True, eq=False)
class ColumnsOf:
    """The columns of a project; they stay the same while only decisions change."""

    parts: tuple[object, ...]
    columns: Columns

    def fits(self, project: Project) -> bool:
        """Whether they are those of a project."""
        return all(a is b for a, b in zip(self.parts, _parts(project), strict=True))


@dataclass(frozen=True)
class ParetoChoice:
    """What to count: by which column, which classes, in which measure; an empty column means a good one."""

    by: str = ""
    basis: Basis = Basis.ALL
    measure: Measure = Measure.COUNT


@dataclass(frozen=True, eq=False)
class ParetoReady:
    """A chart that was counted.

    Attributes
    ----------
    names : tuple of str
        The columns to choose from.
    measures : tuple of Measure
        The measures that are possible.
    choice : ParetoChoice
        What was counted: another column or measure than requested if that is not possible.
    """

    project: Project
    columns: ColumnsOf
    names: tuple[str, ...]
    measures: tuple[Measure, ...]
    choice: ParetoChoice
    counted: Counted
    chart: ParetoChart


@dataclass(frozen=True)
class ChartWritten(ResultOnDisk):
    """A chart that was written to a file."""

    path: Path


def count_classes(project: Project, choice: ParetoChoice, known: ColumnsOf | None) -> Work:
    """Return the job that counts the classes of a project.

    Parameters
    ----------
    known : ColumnsOf or None
        The columns from the last count, which are read again only if they are those of another project.
    """

    def work(reporter: JobReporter) -> ParetoReady:
        from defect_workbench.engine.pareto.pareto_analysis import analyse

        found = known if known is not None and known.fits(project) else _columns_of(project)
        reporter.check()
        names = tuple(found.columns)
        by = next((name for name in names if name.casefold() == choice.by.casefold()), "")
        by = by or _best(found.columns)
        counted = count([with_classes(project, choice.basis, found.columns)], by, choice.basis)
        reporter.check()
        measures = tuple(measure for measure in Measure if counted.counts.has(measure))
        measure = choice.measure if choice.measure in measures else Measure.COUNT
        done = ParetoChoice(by, choice.basis, measure)
        chart = analyse(counted.counts, measure)
        return ParetoReady(project, found, names, measures, done, counted, chart)

    return work


def write_chart(ready: ParetoReady, path: Path, *, trend: bool) -> Work:
    """Return the job that writes a chart as PNG, SVG, CSV or PPTX, by the ending of the name."""

    def work(reporter: JobReporter) -> ChartWritten:
        from defect_workbench.workflows.fab.pareto_of_results import charts
        from defect_workbench.workflows.fab.pareto_of_results import write_chart as write

        name = ready.project.name
        write(ready.chart, charts(ready.counted), path, name, trend=trend, replace=True)
        return ChartWritten(path)

    return work


def _columns_of(project: Project) -> ColumnsOf:
    images = len(project.images)
    everything = {EVERYTHING: lambda: constant(EVERYTHING, images)}
    return ColumnsOf(_parts(project), {**project_columns(project), **everything})


def _parts(project: Project) -> tuple[object, ...]:
    return project.images, project.side, project.inspection


def _best(columns: Columns) -> str:
    folded = {name.casefold(): name for name in columns}
    for name in _FIRST:
        if name in folded and len(columns[folded[name]]().values) > 1:
            return folded[name]
    return EVERYTHING
