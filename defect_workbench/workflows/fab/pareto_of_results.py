"""Pareto charts of sessions and result folders, and as files."""

from __future__ import annotations

import datetime
import os
from dataclasses import dataclass
from pathlib import Path

from defect_workbench.core.errors import InputError
from defect_workbench.core.pareto.class_counts import Basis, Measure
from defect_workbench.core.pareto.counting import Counted, count
from defect_workbench.core.pareto.pareto_chart import ParetoChart
from defect_workbench.core.progress import Reporter
from defect_workbench.storage.files.publishing import publish
from defect_workbench.workflows.fab.pareto_sources import read_sources

SUFFIXES = (".png", ".svg", ".csv", ".pptx")


@dataclass(frozen=True)
class ParetoRequest:
    """What to count, and by what.

    Attributes
    ----------
    results : tuple of Path
        Sessions and result folders.
    by : str
        Name of the column, in any case.
    basis : Basis or None
        Which classes count; None for named or confirmed ones if there are any, else all clusters.
    measure : Measure
        What a drawing shows.
    out : Path or None
        Where to write the chart: a new PNG, SVG, CSV or PPTX file.
    """

    results: tuple[Path, ...]
    by: str
    basis: Basis | None = None
    measure: Measure = Measure.COUNT
    out: Path | None = None


@dataclass(frozen=True, eq=False)
class ParetoResult:
    """The charts of one count.

    Attributes
    ----------
    chart : ParetoChart
        In counts.
    others : tuple of ParetoChart
        In the other measures that are possible.
    """

    chart: ParetoChart
    others: tuple[ParetoChart, ...]

    def of(self, measure: Measure) -> ParetoChart:
        """Return the chart in a measure, which must be possible."""
        return next(each for each in (self.chart, *self.others) if each.measure is measure)


def pareto(request: ParetoRequest, reporter: Reporter) -> ParetoResult:
    """Count the classes of sessions and result folders by a column, and write the chart if a file is given.

    Several results are put together. If they are counted by lot and nothing says which lot they are, each is
    one lot.

    Raises
    ------
    InputError
        If a result cannot be read, there is no such column, what the measure divides by is unknown, or the
        file exists or is of an unknown kind.
    """
    if request.out is not None:
        check_out_file(request.out)
    sources, basis = read_sources(request.results, request.by, request.basis, reporter)
    reporter.stage("Counting", None)
    counted = count(sources, request.by, basis)
    counted.counts.check(request.measure)
    result = charts(counted)
    if request.out is not None:
        subject = ", ".join(source.name for source in sources[:3]) + (" …" if len(sources) > 3 else "")
        write_chart(result.of(request.measure), result, request.out, subject)
    return result


def charts(counted: Counted) -> ParetoResult:
    """Return the charts of a count in every measure that is possible."""
    from defect_workbench.engine.pareto.pareto_analysis import analyse

    table = counted.counts
    more = tuple(m for m in (Measure.WAFER, Measure.AREA, Measure.SHARE) if table.has(m))
    return ParetoResult(analyse(table), tuple(analyse(table, measure) for measure in more))


def check_out_file(out: Path) -> None:
    """Check, before the work, that the file of a chart can be written.

    Raises
    ------
    InputError
        If it exists, its folder does not, or it is of an unknown kind.
    """
    if out.suffix.lower() not in SUFFIXES:
        raise InputError(f"{out} must end in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}")
    if os.path.lexists(out):
        raise InputError(f"{out} already exists; nothing was written")
    if not out.absolute().parent.is_dir():
        raise InputError(f"there is no folder {out.absolute().parent}")


def write_chart(
    chart: ParetoChart,
    result: ParetoResult,
    out: Path,
    subject: str,
    *,
    trend: bool = False,
    replace: bool = False,
) -> None:
    """Write a chart as PNG, SVG, CSV or PPTX, by the ending of the name.

    Parameters
    ----------
    chart : ParetoChart
        The one to draw; a CSV file has all of `result`.
    trend : bool
        Whether a drawing shows lines over the groups.
    replace : bool
        Whether an existing file may be replaced.

    Raises
    ------
    WorkbenchError
        If it cannot be written; then nothing is.
    """
    kind = out.suffix.lower()
    if kind == ".csv":
        from defect_workbench.storage.pareto.pareto_table import pareto_csv

        data = pareto_csv(result.chart, result.others).encode("utf-8")
    elif kind == ".pptx":
        from defect_workbench.storage.pareto.pareto_slide import pareto_slides_file

        data = pareto_slides_file(chart, subject, datetime.datetime.now().astimezone().date())
    else:
        from defect_workbench.storage.pareto.pareto_figure import pareto_file, trend_file

        draw = trend_file if trend else pareto_file
        data = draw(chart, "svg" if kind == ".svg" else "png")
    publish(out, {out: data}, replace=replace)
